"""Which of the known prices and costs fixes what an event cost."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from backend.store.costing import UNKNOWN_COST, Cost, nano_usd
from backend.store.new_rows import new_row
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


def cost_of(event: Event, book: PriceBook | None) -> Cost:
    """Return what the event costs by what it tells itself."""
    return new_row(event, uuid4().bytes, book=book).row.own_cost


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
    found = cost_of(event, book)
    assert (found.nusd, found.source) == (nano_usd(Decimal(cost)), source)
    assert (found.version is not None) == (cost in {"1", "0.0025"})


@pytest.mark.parametrize(
    "event", [call(model="mine"), call(tokens_in=None, tokens_out=None), call(model=None)]
)
def test_unknown_stays_unknown(event: Event):
    assert cost_of(event, OWN) == UNKNOWN_COST


@pytest.mark.parametrize(
    ("event", "cost"),
    [
        (call(tokens_in=10**9), Cost(10**6 * 10**9, "owner", "")),
        (call(tokens_in=10**9 + 1), UNKNOWN_COST),
        (call("5", "client", tokens_in=10**12), Cost(5 * 10**9, "client", None)),
    ],
)
def test_what_no_call_can_cost_is_no_cost(event: Event, cost: Cost):
    assert cost_of(event, OWN)[:2] == cost[:2]


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
    assert cost_of(asked, LIST).nusd == 2_500_000


@pytest.mark.parametrize(
    ("posted", "nusd"), [("0.0000000005", 0), ("0.0000000015", 2), ("1e-400", 0)]
)
def test_a_posted_cost_is_rounded_half_even_to_nine_places(posted: str, nusd: int):
    assert cost_of(call(posted), LIST).nusd == nusd


def test_without_a_book_only_what_was_sent_counts():
    assert cost_of(call(), None) == UNKNOWN_COST
    assert cost_of(call("5", "tracer"), None) == Cost(5_000_000_000, "tracer", None)


def test_parts_that_have_no_column_are_priced_too():
    plain = call(tokens_in=1000, provider="google", model="gemini-2.5-flash")
    heard = replace(plain, payload={"usage": {"audio_in": 900}})
    assert (cost_of(heard, LIST).nusd or 0) > (cost_of(plain, LIST).nusd or 0) > 0


@pytest.mark.parametrize(
    ("tracer_cost", "warnings"), [("0.0025", None), ("0.0031", None), ("0.0034", " cost_differs ")]
)
def test_a_tracer_s_cost_that_is_far_from_the_list_s_is_a_warning(
    tracer_cost: str, warnings: str | None
):
    event = replace(call(), payload={"tracer_cost_usd": tracer_cost})
    assert new_row(event, uuid4().bytes, book=LIST).row.warnings == warnings


def test_warnings_that_are_no_codes_are_left_in_the_payload():
    event = replace(call(), payload={"warnings": ["missing_model", "Look here!", 7]})
    made = new_row(event, uuid4().bytes)
    assert made.row.warnings == " missing_model "
    assert "Look here!" in made.payload
