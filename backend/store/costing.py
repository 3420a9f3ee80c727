"""What a call costs: the best of the prices and costs that are known, rounded once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from types import MappingProxyType
from typing import Any, NamedTuple

from backend.store.accounting import Told
from otel_bridge.facts import Usage
from otel_bridge.pricing import PriceBook, Quote
from otel_bridge.pricing.providers import provider_of

#: A million dollars for one event: sums of thousands of such events still fit 64 bits.
MAX_COST_USD = Decimal(1_000_000)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: In this order: the owner's price, what the client says, the price list, the tracer's reckoning.
_ORDER = ("owner", "client", "price_list", "tracer")
#: A tracer's cost that is further from the price list's than this is worth a warning.
_FAR = Decimal("0.25")


class Cost(NamedTuple):
    """Nano-USD, where they come from (`owner`, `client`, `price_list`, `tracer`), which price."""

    nusd: int | None
    source: str | None
    version: str | None


UNKNOWN_COST = Cost(None, None, None)


class PricedBy(NamedTuple):
    """What a price depends on beside the columns: `parts` are the fields of `Usage` without one."""

    request_model: str | None
    parts: Mapping[str, int]


NOTHING_MORE = PricedBy(None, MappingProxyType({}))
_PARTS = tuple(
    name
    for name in Usage.__dataclass_fields__
    if name
    not in (
        "tokens_in",
        "tokens_out",
        "tokens_cache_read",
        "tokens_cache_write",
        "tokens_reasoning",
    )
)


def priced_by(payload: Mapping[str, Any]) -> PricedBy:
    """Return what an event's payload tells about its price."""
    asked = payload.get("request_model")
    usage = payload.get("usage")
    if asked is None and usage is None:
        return NOTHING_MORE
    parts = _parts_in(usage) if isinstance(usage, Mapping) else NOTHING_MORE.parts
    return PricedBy(asked if isinstance(asked, str) else None, parts)


def _parts_in(usage: Mapping[str, Any]) -> Mapping[str, int]:
    return {
        name: count
        for name in _PARTS
        if isinstance(count := usage.get(name.removeprefix("tokens_")), int)
        and not isinstance(count, bool)
        and count > 0
    }


def cost_of(told: Told, priced: PricedBy, book: PriceBook | None, *, at_us: int) -> Cost:
    """Return what a call at that moment cost; `UNKNOWN_COST` where nothing tells it, never 0.

    Without a book only what was sent counts. A reckoning above MAX_COST_USD, which could not be
    sent either, is no cost.
    """
    sent = _sent(told)
    quote = None if book is None else _first_quote(told, priced, book, at_us)
    if quote is None or quote.cost_usd > MAX_COST_USD:
        return sent
    listed = Cost(nano_usd(quote.cost_usd), quote.source, quote.version)
    # Of equal sources ours, which knows its version, is the fresher one.
    return listed if sent.nusd is None or _rank(listed) <= _rank(sent) else sent


def is_far_from(cost: Cost, tracer_nusd: int | None) -> bool:
    """Whether a tracer's own cost differs much from the price list's."""
    if cost.source != "price_list" or not cost.nusd or not tracer_nusd:
        return False
    return abs(cost.nusd - tracer_nusd) > _FAR * max(cost.nusd, tracer_nusd)


def nano_usd(cost_usd: Decimal) -> int:
    """Return USD as integer nano-USD, half-even."""
    return int(cost_usd.scaleb(9).to_integral_value(ROUND_HALF_EVEN))


def _rank(cost: Cost) -> int:
    return _ORDER.index(cost.source) if cost.source in _ORDER else len(_ORDER)


def _sent(told: Told) -> Cost:
    """Return the cost that came with the event; a client that says no source means its own."""
    if told.sent_cost_nusd is None:
        return UNKNOWN_COST
    return Cost(told.sent_cost_nusd, told.sent_cost_source, None)


def _first_quote(told: Told, priced: PricedBy, book: PriceBook, at_us: int) -> Quote | None:
    """Return the quote for the model that answered, else for the one that was asked for."""
    if told.tokens_in is None and told.tokens_out is None:
        return None
    usage = Usage(
        told.tokens_in,
        told.tokens_out,
        told.tokens_cache_read,
        told.tokens_cache_write,
        told.tokens_reasoning,
        **priced.parts,
    )
    at = _EPOCH + timedelta(microseconds=at_us)
    quotes = (
        book.quote(provider, model, usage, at=at)
        for provider, model in _names(told.provider, told.model, priced.request_model)
    )
    return next((quote for quote in quotes if quote is not None), None)


def _names(provider: str | None, *models: str | None) -> Iterator[tuple[str | None, str]]:
    """Yield the names under which a price may be found: as told, then in canonical form."""
    for model in models:
        if model is not None:
            yield provider, model
            canonical = provider_of(provider, model)
            if canonical != provider:
                yield canonical, model
