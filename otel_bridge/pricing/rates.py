"""The price of one call: rates in USD per million tokens, and the sum they make."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Context, Decimal, localcontext

from otel_bridge.event import round_money
from otel_bridge.facts import Usage

_MILLION = Decimal(1_000_000)
_THOUSAND = Decimal(1_000)
_EXACT = Context(prec=60)


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


@dataclass(frozen=True, slots=True)
class Rates:
    """What the parts of a call cost. A part without a rate of its own pays its whole's rate."""

    input: Rate | None = None
    output: Rate | None = None
    cache_read: Rate | None = None
    cache_write: Rate | None = None
    reasoning: Rate | None = None
    usd_per_thousand_requests: Decimal = Decimal(0)

    def cost(self, usage: Usage) -> Decimal | None:
        """Return USD, rounded once to nine places; None where a needed rate or count is missing.

        A part that is larger than its whole (a tracer's error) is taken as large as the whole.
        """
        if not self._covers(usage):
            return None
        tokens_in, tokens_out = usage.tokens_in or 0, usage.tokens_out or 0
        read = min(usage.tokens_cache_read or 0, tokens_in) if self.cache_read else 0
        write = min(usage.tokens_cache_write or 0, tokens_in - read) if self.cache_write else 0
        thought = min(usage.tokens_reasoning or 0, tokens_out) if self.reasoning else 0
        parts = (
            (self.input, tokens_in - read - write),
            (self.cache_read, read),
            (self.cache_write, write),
            (self.output, tokens_out - thought),
            (self.reasoning, thought),
        )
        # The host program's own decimal context may round earlier.
        with localcontext(_EXACT):
            per_million = sum(
                (rate.at(tokens_in) * count for rate, count in parts if rate and count), Decimal(0)
            )
            whole = per_million / _MILLION + self.usd_per_thousand_requests / _THOUSAND
        return round_money(whole)

    def _covers(self, usage: Usage) -> bool:
        """Whether every count that costs something is told, and every count told has a rate."""
        sides = ((usage.tokens_in, self.input), (usage.tokens_out, self.output))
        return usage.is_known and all(
            (rate is None or not rate.base) if count is None else (rate is not None or not count)
            for count, rate in sides
        )
