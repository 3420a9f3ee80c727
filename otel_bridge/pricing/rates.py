"""The price of one call: rates in USD per million tokens, and the sum they make."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Context, Decimal

from otel_bridge.event import round_money
from otel_bridge.facts import Usage

#: More tokens than any call has.
LARGEST_COUNT = 10**12

#: Not the host program's context, which may round earlier or trap.
_EXACT = Context(prec=60)
_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Rate:
    """USD per million tokens, with dearer tiers for calls with a long input.

    `tiers` are (tokens, USD per million), ascending: above that many input tokens the whole call
    pays the tier's rate.
    """

    base: Decimal
    tiers: tuple[tuple[int, Decimal], ...] = ()

    def at(self, tokens_in: int) -> Decimal:
        """Return the rate for a call with `tokens_in` input tokens."""
        for start, price in reversed(self.tiers):
            if tokens_in > start:
                return price
        return self.base

    @property
    def is_free(self) -> bool:
        """Whether any number of tokens costs nothing."""
        return not self.base and not any(price for _, price in self.tiers)


#: Tokens that cost the same, and that.
_Part = tuple[Rate | None, int]


@dataclass(frozen=True, slots=True)
class Rates:
    """What the parts of a call cost. A part without a rate of its own pays its whole's rate."""

    input: Rate | None = None
    output: Rate | None = None
    cache_read: Rate | None = None
    #: Kept for five minutes, the usual time; `cache_write_1h` is for an hour.
    cache_write: Rate | None = None
    cache_write_1h: Rate | None = None
    reasoning: Rate | None = None
    audio_in: Rate | None = None
    audio_cache_read: Rate | None = None
    audio_out: Rate | None = None
    image_in: Rate | None = None
    image_cache_read: Rate | None = None
    image_out: Rate | None = None
    usd_per_thousand_requests: Decimal = _NOTHING

    def cost(self, usage: Usage) -> Decimal | None:
        """Return USD, rounded once to nine places; None where a needed rate or count is missing.

        A part that is larger than its whole (a tracer's error) is taken as large as the whole.
        """
        if not self._covers(usage):
            return None
        tokens_in = usage.tokens_in or 0
        per_million = _NOTHING
        for rate, count in (*self._input_parts(usage, tokens_in), *self._output_parts(usage)):
            if count and rate is not None:
                per_million = _EXACT.fma(rate.at(tokens_in), count, per_million)
        usd = per_million.scaleb(-6, _EXACT)
        if self.usd_per_thousand_requests:
            usd = _EXACT.add(usd, self.usd_per_thousand_requests.scaleb(-3, _EXACT))
        return round_money(usd)

    def _covers(self, usage: Usage) -> bool:
        """Whether every count that costs something is told, and every count told has a rate."""
        return (
            usage.is_known
            and _is_covered(usage.tokens_in, self.input)
            and _is_covered(usage.tokens_out, self.output)
        )

    def _input_parts(self, usage: Usage, tokens_in: int) -> Iterator[_Part]:
        """Yield the input's parts, which make up `tokens_in` whatever the tracer wrote.

        Audio and images may be cached as well. How many of them are is taken as told, or as few as
        the other numbers allow.
        """
        told_read = usage.tokens_cache_read
        if told_read is None:
            told_read = usage.tokens_audio_cache_read
        read = _count(told_read, tokens_in, self.cache_read)
        told_write = usage.tokens_cache_write
        if told_write is None:
            told_write = usage.tokens_cache_write_1h
        write = _count(told_write, tokens_in - read, self.cache_write or self.cache_write_1h)
        write_1h = _count(usage.tokens_cache_write_1h, write, self.cache_write_1h)
        fresh = tokens_in - read - write
        if not usage.has_priced_parts:
            yield self.input, fresh
            yield self.cache_read, read
            yield self.cache_write or self.input, write
            return

        audio = _count(usage.tokens_audio_in, fresh + read, self.audio_in)
        audio_read = max(_count(usage.tokens_audio_cache_read, min(audio, read)), audio - fresh)
        fresh, read = fresh - (audio - audio_read), read - audio_read
        image = _count(usage.tokens_image_in, fresh + read, self.image_in)
        image_read = max(0, image - fresh)

        yield self.input, fresh - (image - image_read)
        yield self.cache_read, read - image_read
        yield self.cache_write or self.input, write - write_1h
        yield self.cache_write_1h, write_1h
        yield self.audio_in, audio - audio_read
        yield self.audio_cache_read or self.cache_read, audio_read
        yield self.image_in, image - image_read
        yield self.image_cache_read or self.cache_read, image_read

    def _output_parts(self, usage: Usage) -> Iterator[_Part]:
        left = usage.tokens_out or 0
        if self.reasoning is None and not usage.has_priced_parts:
            yield self.output, left
            return
        for told, rate in (
            (usage.tokens_reasoning, self.reasoning),
            (usage.tokens_audio_out, self.audio_out),
            (usage.tokens_image_out, self.image_out),
        ):
            count = _count(told, left, rate)
            left -= count
            yield rate, count
        yield self.output, left


_ANY = Rate(_NOTHING)


def _count(told: int | None, whole: int, rate: Rate | None = _ANY) -> int:
    """Return how many tokens of `whole` pay `rate`: at most all, none where there is no rate."""
    return 0 if rate is None or told is None else max(0, min(told, whole))


def _is_covered(told: int | None, rate: Rate | None) -> bool:
    if told is None:
        return rate is None or rate.is_free
    return told == 0 or (rate is not None and 0 < told <= LARGEST_COUNT)
