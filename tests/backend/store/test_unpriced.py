"""Calls whose cost nobody knows, and the tokens of these calls alone."""

from __future__ import annotations

from decimal import Decimal

from backend.store import EventStore
from backend.store.windows import QUARTER_US
from tests.backend.store.makers import NOW_US, total
from tests.backend.store.pricing import ALWAYS, apply, book_of, call


def test_models_are_told_with_the_most_calls_first(store: EventStore, owner_id: int) -> None:
    nameless = call(model=None, provider=None)  # type: ignore[arg-type]  # as of a poor tracer
    store.append(owner_id, [call(model="m2"), nameless, *[call()] * 3])
    assert store.unpriced(owner_id, **ALWAYS) == [
        ("acme", "m1", 3, 300, 60),
        (None, None, 1, 100, 20),
        ("acme", "m2", 1, 100, 20),
    ]


def test_tokens_are_those_of_the_calls_without_a_price(store: EventStore, owner_id: int) -> None:
    told = [
        call(tokens_in=7, tokens_out=1),
        call(tokens_in=1000, cost_usd=Decimal(1)),
        call(tokens_in=None, tokens_out=None, status="error"),
        call(tokens_in=None, tokens_out=None),
        call(agent="bot", tokens_in=30, created_at_us=NOW_US + QUARTER_US),
    ]
    store.append(owner_id, told)
    assert store.unpriced(owner_id, **ALWAYS) == [("acme", "m1", 3, 37, 21)]
    assert total(store, owner_id).sums.unpriced_calls == 3


def test_a_call_told_twice_is_one(store: EventStore, owner_id: int) -> None:
    store.append(owner_id, [call("outer"), call("inner", parent_span_id="outer")])
    assert store.unpriced(owner_id, **ALWAYS) == [("acme", "m1", 1, 100, 20)]


def test_a_recalculation_takes_its_calls_off_the_list(store: EventStore, owner_id: int) -> None:
    store.append(owner_id, [call(), call(model="m2")])
    apply(store, owner_id, book_of(m1=2))
    assert store.unpriced(owner_id, **ALWAYS) == [("acme", "m2", 1, 100, 20)]


def test_only_the_window_counts(store: EventStore, owner_id: int) -> None:
    store.append(owner_id, [call(), call(created_at_us=NOW_US + QUARTER_US)])
    start_us = NOW_US - NOW_US % QUARTER_US
    found = store.unpriced(owner_id, start_us=start_us, end_us=start_us + QUARTER_US)
    assert [one.calls for one in found] == [1]
