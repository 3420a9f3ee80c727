"""Which of the known prices and costs fixes what an event cost."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from backend.pricing.ranking import priced
from otel_bridge.event import Event, micros
from otel_bridge.pricing import Price, PriceBook

NOW = datetime(2026, 6, 1, tzinfo=UTC)
OWN = PriceBook([Price("openai", "gpt-4o", Decimal(1000), Decimal(0))])
LIST = PriceBook()


def call(cost_usd: str | None = None, source: str | None = None, **fields: Any) -> Event:
    """Return a call of 1000 tokens, which costs 0.0025 by the list and 1 by the owner's price."""
    usage = {"provider": "openai", "model": "gpt-4o", "tokens_in": 1000, "tokens_out": 0}
    return Event(
        "llm_call",
        micros(NOW),
        cost_usd=None if cost_usd is None else Decimal(cost_usd),
        payload={} if source is None else {"cost_source": source},
        **(usage | fields),  # type: ignore[arg-type]  # fields are Event's own
    )


@pytest.mark.parametrize(
    ("event", "book", "cost", "source"),
    [
        (call(), OWN, "1", "owner"),
        (call("5", "client"), OWN, "1", "owner"),
        (call("5", "owner"), OWN, "1", "owner"),
        (call("5", "owner"), LIST, "5", "owner"),
        (call("5", "client"), LIST, "5", "client"),
        (call("5"), LIST, "5", "client"),
        (call("5", "made up"), LIST, "5", "client"),
        (call(), LIST, "0.0025", "price_list"),
        (call("5", "price_list"), LIST, "0.0025", "price_list"),
        (call("5", "tracer"), LIST, "0.0025", "price_list"),
        (call("5", "price_list", model="mine"), LIST, "5", "price_list"),
        (call("5", "tracer", model="mine"), LIST, "5", "tracer"),
        (call("0", "client"), LIST, "0", "client"),
        (call(provider=None), LIST, "0.0025", "price_list"),
        (call(provider="OpenAI"), OWN, "1", "owner"),
    ],
)
def test_the_best_known_source_wins(event: Event, book: PriceBook, cost: str, source: str):
    result = priced(event, book)
    assert result.cost_usd == Decimal(cost)
    assert result.payload["cost_source"] == source
    assert ("price_version" in result.payload) == (cost in {"1", "0.0025"})


@pytest.mark.parametrize(
    "event", [call(model="mine"), call(tokens_in=None, tokens_out=None), call(model=None)]
)
def test_unknown_stays_unknown(event: Event):
    assert priced(event, OWN) == event


def test_the_model_that_was_asked_for_prices_one_that_nobody_knows():
    asked = Event(
        "llm_call",
        micros(NOW),
        provider="openai",
        model="unheard-of",
        tokens_in=1000,
        tokens_out=0,
        payload={"request_model": "gpt-4o"},
    )
    assert priced(asked, LIST).cost_usd == Decimal("0.0025")


@pytest.mark.parametrize(
    ("posted", "kept"), [("0.0000000005", "0"), ("0.0000000015", "2E-9"), ("1e-400", "0")]
)
def test_a_posted_cost_is_rounded_half_even_to_nine_places(posted: str, kept: str):
    assert priced(call(posted), LIST).cost_usd == Decimal(kept)


def test_pricing_again_changes_nothing():
    once = priced(call("5", "tracer"), LIST)
    assert priced(once, LIST) == once
