"""History at other prices: what would change, the change with every sum, and the way back."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine, delete, select

from backend import db
from backend.models import DirtyDay, EventRow, RunRow
from backend.store import Difference, EventStore, SummaryLine
from otel_bridge.event import Event
from otel_bridge.pricing import PriceBook
from tests.backend.store.makers import (
    NOW_US,
    SECOND_US,
    llm_call,
    run_finished,
    run_started,
    snapshot,
    total,
)
from tests.backend.store.pricing import PROVIDER, apply, book_of, call, preview
from tests.databases import new_owner

DAY_US = 24 * 60 * 60 * SECOND_US
TODAY = date(2026, 3, 1)


def run_of_calls(count: int = 2) -> list[Event]:
    """Return a run of `bot` with calls that nobody knows the price of."""
    calls = [call(f"call{number}", parent_span_id="root") for number in range(count)]
    return [run_started("root"), *calls, run_finished("root")]


def assert_sums_are_those_of_the_events(store: EventStore, engine: Engine, owner_id: int) -> None:
    before = snapshot(engine, owner_id)
    store.rebuild(owner_id)
    assert snapshot(engine, owner_id) == before


def sources(engine: Engine, owner_id: int) -> list[str | None]:
    query = select(EventRow.cost_source).where(
        EventRow.user_id == owner_id, EventRow.event_type == "llm_call"
    )
    with engine.connect() as connection:
        return list(connection.scalars(query.order_by(EventRow.span_id)))


def test_a_price_that_was_added_prices_history(
    store: EventStore, engine: Engine, owner_id: int
) -> None:
    store.append(owner_id, run_of_calls())
    gain = Difference(calls=2, cost_after_nusd=400_000, newly_priced=2)
    assert preview(store, owner_id, book_of(m1=2)).lines == (
        SummaryLine(TODAY, PROVIDER, "m1", gain),
    )
    done = apply(store, owner_id, book_of(m1=2))
    assert done.summary.total == gain
    sums = total(store, owner_id).sums
    assert (sums.cost_nusd, sums.unpriced_calls) == (400_000, 0)
    assert_sums_are_those_of_the_events(store, engine, owner_id)


def test_a_call_that_no_price_can_be_right_for_stays_without_one(
    store: EventStore, engine: Engine, owner_id: int
) -> None:
    book = book_of(m1=1_000_000)
    store.append(owner_id, [call("a", tokens_in=10**12), call("b")])
    assert apply(store, owner_id, book).summary.total.newly_priced == 1
    store.append(owner_id, [call("c", tokens_in=10**12), call("d")], book=book)
    sums = total(store, owner_id).sums
    assert (sums.cost_nusd, sums.unpriced_calls) == (200 * 10**9, 2)
    assert_sums_are_those_of_the_events(store, engine, owner_id)


def test_a_preview_writes_nothing(store: EventStore, engine: Engine, owner_id: int) -> None:
    store.append(owner_id, run_of_calls())
    before = snapshot(engine, owner_id)
    preview(store, owner_id, book_of(m1=2))
    assert snapshot(engine, owner_id) == before
    assert store.recalculations(owner_id) == []


def test_the_second_recalculation_changes_nothing(store: EventStore, owner_id: int) -> None:
    store.append(owner_id, run_of_calls(7))
    apply(store, owner_id, book_of(m1=2))
    assert apply(store, owner_id, book_of(m1=2)).summary.lines == ()


def test_what_ingestion_priced_by_the_same_book_stays(store: EventStore, owner_id: int) -> None:
    book = book_of(m1=2)
    costs: list[dict[str, Any]] = [{}, {"cost_usd": Decimal(1)}, {"tokens_in": None}]
    store.append(owner_id, [call(**fields) for fields in costs], book=book)
    assert preview(store, owner_id, book).lines == ()


def test_a_run_costs_what_its_calls_do(store: EventStore, engine: Engine, owner_id: int) -> None:
    store.append(owner_id, run_of_calls())
    apply(store, owner_id, book_of(m1=2))
    with engine.connect() as connection:
        assert connection.scalar(select(RunRow.total_cost_nusd)) == 400_000


def test_changed_days_are_aggregated_anew(store: EventStore, engine: Engine, owner_id: int) -> None:
    store.append(owner_id, run_of_calls())
    with db.for_writing(engine).begin() as connection:
        connection.execute(delete(DirtyDay))
    apply(store, owner_id, book_of(m1=2))
    with engine.connect() as connection:
        assert list(connection.scalars(select(DirtyDay.day))) == [NOW_US // DAY_US]


def test_a_price_that_was_removed_leaves_its_calls_without_one(
    store: EventStore, owner_id: int
) -> None:
    store.append(owner_id, run_of_calls(), book=book_of(m1=2))
    found = apply(store, owner_id, PriceBook()).summary.total
    assert found == Difference(calls=2, cost_before_nusd=400_000, no_longer_priced=2)
    assert total(store, owner_id).sums.unpriced_calls == 2


def test_days_are_those_of_the_owner(store: EventStore, owner_id: int) -> None:
    store.set_timezone(owner_id, "America/New_York")
    midnight_us = NOW_US // DAY_US * DAY_US
    store.append(
        owner_id, [call(created_at_us=midnight_us + hour * DAY_US // 24) for hour in (4, 5)]
    )
    lines = preview(store, owner_id, book_of(m1=2)).lines
    assert [(line.day, line.difference.calls) for line in lines] == [
        (date(2026, 2, 28), 1),
        (TODAY, 1),
    ]


def test_a_window_is_half_open(store: EventStore, owner_id: int) -> None:
    store.append(owner_id, [call(created_at_us=NOW_US + number) for number in range(4)])
    done = store.apply_recalculation(
        owner_id, start_us=NOW_US + 1, end_us=NOW_US + 3, book=book_of(m1=2), step=1
    )
    assert done.summary.total.calls == 2
    assert total(store, owner_id).sums.unpriced_calls == 2


def test_calls_of_one_moment_are_all_found_however_small_the_steps(
    store: EventStore, owner_id: int
) -> None:
    store.append(owner_id, [call() for _ in range(7)])
    assert apply(store, owner_id, book_of(m1=2), step=2).summary.total.calls == 7


def test_another_owner_s_calls_stay_as_they_are(
    store: EventStore, engine: Engine, owner_id: int
) -> None:
    other = new_owner(engine, "other@example.com")
    store.append(other, [call()])
    assert apply(store, owner_id, book_of(m1=2)).summary.lines == ()
    assert total(store, other).sums.unpriced_calls == 1


@pytest.mark.parametrize(
    ("source", "book", "expected"),
    [
        ("client", book_of(m2=1), "client"),
        ("tracer", book_of(m2=1), "tracer"),
        ("client", book_of(m1=1), "owner"),
        ("tracer", book_of(m1=1), "owner"),
    ],
)
def test_a_cost_that_was_sent_stays_where_there_is_no_better(
    store: EventStore,
    engine: Engine,
    owner_id: int,
    source: str,
    book: PriceBook,
    expected: str,
) -> None:
    sent = call(cost_usd=Decimal(3), payload={"cost_source": source})
    store.append(owner_id, [sent])
    apply(store, owner_id, book)
    assert sources(engine, owner_id) == [expected]


def told_twice(cost_usd: int | None = None, **fields: Any) -> list[Event]:
    """Return a call that counts at its inner span, and whose outer one may know what it cost."""
    told: dict[str, Any] = {"tokens_in": None, "tokens_out": None} if cost_usd else {}
    cost = Decimal(cost_usd) if cost_usd else None
    return [
        call("inner", parent_span_id="outer", **fields),
        call("outer", cost_usd=cost, **told, **fields),
    ]


def test_a_cost_that_another_event_of_the_call_told_comes_back_with_the_price_s_end(
    store: EventStore, engine: Engine, owner_id: int
) -> None:
    store.append(owner_id, told_twice(cost_usd=3), book=book_of(m1=1))
    assert sources(engine, owner_id) == ["owner", "client"]
    assert total(store, owner_id).sums.cost_nusd == 100_000
    apply(store, owner_id, PriceBook())
    assert sources(engine, owner_id) == ["client", "client"]
    assert total(store, owner_id).sums.cost_nusd == 3_000_000_000


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_cost_counts_with_whichever_event_of_the_call_it_came_and_in_whatever_order(
    store: EventStore, engine: Engine, owner_id: int, order: tuple[int, int]
) -> None:
    events = told_twice(cost_usd=3, provider="openai", model="gpt-4o")
    for number in order:
        store.append(owner_id, [events[number]], book=PriceBook())
    assert sources(engine, owner_id) == ["client", "client"]
    assert preview(store, owner_id, PriceBook()).lines == ()


def test_an_event_that_was_set_aside_is_priced_too_and_in_no_sum(
    store: EventStore, engine: Engine, owner_id: int
) -> None:
    store.append(owner_id, told_twice())
    done = apply(store, owner_id, book_of(m1=1))
    (stored,) = store.recalculations(owner_id)
    assert (stored.events, done.summary.total.calls) == (2, 1)
    assert sources(engine, owner_id) == ["owner", "owner"]
    assert total(store, owner_id).sums.cost_nusd == 100_000
    assert_sums_are_those_of_the_events(store, engine, owner_id)


def test_parts_in_the_payload_are_priced_too(
    store: EventStore, engine: Engine, owner_id: int
) -> None:
    heard = llm_call(
        model="gpt-4o-audio-preview", cost_usd=None, payload={"usage": {"audio_in": 90}}
    )
    store.append(owner_id, [heard])
    store.append(owner_id, [heard], book=PriceBook())
    apply(store, owner_id, PriceBook())
    with engine.connect() as connection:
        first, second = connection.scalars(select(EventRow.cost_nusd))
    assert first == second
    assert second


def test_warnings_stay_as_they_were(store: EventStore, owner_id: int) -> None:
    told = llm_call(model="gpt-4o", cost_usd=None, payload={"tracer_cost_usd": "9"})
    store.append(owner_id, [told], book=PriceBook())
    before = store.warnings(owner_id, start_us=0, end_us=2**62)
    assert [one.code for one in before] == ["cost_differs"]
    apply(store, owner_id, PriceBook([]))
    assert store.warnings(owner_id, start_us=0, end_us=2**62) == before


def test_history_lists_what_was_done(store: EventStore, owner_id: int) -> None:
    store.append(owner_id, run_of_calls())
    done = apply(store, owner_id, book_of(m1=2))
    (stored,) = store.recalculations(owner_id)
    assert (stored.id, stored.status, stored.is_interrupted) == (done.id, "done", False)
    assert stored.difference == done.summary.total
    assert stored.finished_us is not None
    assert store.recalculation(owner_id, done.id) == stored
