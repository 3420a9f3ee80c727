"""Which of the prices and costs that are known fixes what an event cost."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from otel_bridge.event import CostSource, Event, round_money
from otel_bridge.facts import Usage
from otel_bridge.pricing import PriceBook, Quote
from otel_bridge.pricing.providers import provider_of

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_Cost = tuple[Decimal, CostSource, str | None]


def priced(event: Event, book: PriceBook) -> Event:
    """Return the event with the cost of the best known source, rounded once, and that source.

    The order: the owner's price, what the client posted as its own, the price list, the price list
    as the client saw it, what the tracer reported. Without any of them the cost is None, not 0.
    """
    quote = _quote(event, book)
    posted = _posted(event)
    best = min((cost for cost in (posted, quote) if cost is not None), key=_rank, default=None)
    if best is None:
        return event
    cost_usd, source, version = best
    payload = {**event.payload, "cost_source": source}
    if version is not None:
        payload["price_version"] = version
    return replace(event, cost_usd=round_money(cost_usd), payload=payload)


_ORDER: tuple[CostSource, ...] = ("owner", "client", "price_list", "tracer")


def _rank(cost: _Cost) -> tuple[int, bool]:
    """Order by source; of equal sources ours, which knows its version, is the fresher one."""
    _, source, version = cost
    return (_ORDER.index(source), version is None)


def _posted(event: Event) -> _Cost | None:
    """Return the cost that came with the event; a client that says no source means its own."""
    if event.cost_usd is None:
        return None
    said = event.payload.get("cost_source")
    source: CostSource = next((known for known in _ORDER if known == said), "client")
    return event.cost_usd, source, None


def _quote(event: Event, book: PriceBook) -> _Cost | None:
    usage = Usage(
        event.tokens_in,
        event.tokens_out,
        event.tokens_cache_read,
        event.tokens_cache_write,
        event.tokens_reasoning,
    )
    if not usage.is_known:
        return None
    quote = _first_quote(event, book, usage)
    return None if quote is None else (quote.cost_usd, quote.source, quote.version)


def _first_quote(event: Event, book: PriceBook, usage: Usage) -> Quote | None:
    """Return the quote for the model that answered, else for the one that was asked for."""
    at = _EPOCH + timedelta(microseconds=event.created_at_us)
    asked = event.payload.get("request_model")
    for model in (event.model, asked if isinstance(asked, str) else None):
        if model is None:
            continue
        for provider in dict.fromkeys((event.provider, provider_of(event.provider, model))):
            quote = book.quote(provider, model, usage, at=at)
            if quote is not None:
                return quote
    return None
