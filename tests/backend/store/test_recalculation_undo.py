"""The way back from a recalculation, and what happens beside one or cuts it short."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, delete

from backend import db
from backend.models import EventRow
from backend.store import (
    EventStore,
    RecalculationNotFoundError,
    RecalculationRefusedError,
)
from backend.store.recalculation.ledger import SILENT_US
from otel_bridge.event import Event
from otel_bridge.pricing import PriceBook
from tests.backend.store.makers import (
    NOW_US,
    agent_trace,
    run_finished,
    run_started,
    snapshot,
    total,
)
from tests.backend.store.pricing import (
    ALWAYS,
    BusyBook,
    Clock,
    PowerCutError,
    apply,
    book_of,
    call,
    power_cut,
    preview,
)
from tests.databases import new_owner


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(engine: Engine, clock: Clock) -> EventStore:
    return EventStore(engine, clock_us=clock)


@pytest.fixture
def calls(store: EventStore, owner_id: int) -> int:
    """Seven calls of one run that nobody knows the price of."""
    told = [
        call(f"call{number}", parent_span_id="root", created_at_us=NOW_US + number)
        for number in range(7)
    ]
    store.append(owner_id, [run_started("root"), *told, run_finished("root")])
    return len(told)


def assert_sums_are_those_of_the_events(store: EventStore, engine: Engine, owner_id: int) -> None:
    before = snapshot(engine, owner_id)
    store.rebuild(owner_id)
    assert snapshot(engine, owner_id) == before


def unpriced(store: EventStore, owner_id: int) -> int:
    return total(store, owner_id).sums.unpriced_calls


def better_told() -> Event:
    """Return the call above `inner` again, with the cached tokens that `inner` leaves out."""
    return call("outer", tokens_in=160, tokens_cache_read=60)


def interrupted(store: EventStore, owner_id: int, *, after: int) -> int:
    """Cut the power in the middle of a recalculation; return its id."""
    with pytest.raises(PowerCutError):
        apply(store, owner_id, BusyBook(power_cut, at=after, m1=2))
    return store.recalculations(owner_id)[0].id


def test_an_undo_restores_exactly_what_was(
    store: EventStore, engine: Engine, owner_id: int, calls: int
) -> None:
    before = snapshot(engine, owner_id)
    done = apply(store, owner_id, book_of(m1=2))
    undone = store.undo_recalculation(owner_id, done.id, step=3)
    assert (undone.status, undone.restored, undone.skipped) == ("undone", calls, 0)
    assert snapshot(engine, owner_id) == before
    assert_sums_are_those_of_the_events(store, engine, owner_id)


def test_recalculations_are_undone_one_after_the_other(
    store: EventStore, engine: Engine, owner_id: int, calls: int
) -> None:
    states, ids = [snapshot(engine, owner_id)], []
    for price in (2, 3, 0):
        ids.append(apply(store, owner_id, book_of(m1=price)).id)
        states.append(snapshot(engine, owner_id))
    for recalculation_id in reversed(ids):
        assert snapshot(engine, owner_id) == states.pop()
        assert store.undo_recalculation(owner_id, recalculation_id).restored == calls
    assert snapshot(engine, owner_id) == states.pop()


def test_what_a_later_recalculation_changed_is_left_alone(
    store: EventStore, owner_id: int, calls: int
) -> None:
    first = apply(store, owner_id, book_of(m1=2))
    store.apply_recalculation(
        owner_id, start_us=NOW_US, end_us=NOW_US + 2, book=book_of(m1=3), step=3
    )
    undone = store.undo_recalculation(owner_id, first.id, step=3)
    assert (undone.restored, undone.skipped) == (calls - 2, 2)
    assert total(store, owner_id).sums.cost_nusd == 2 * 300_000


@pytest.mark.parametrize("book", [book_of(m1=2), PriceBook()])
def test_a_call_that_a_copy_told_better_since_is_left_alone(
    store: EventStore, engine: Engine, owner_id: int, book: PriceBook
) -> None:
    store.append(owner_id, [call("inner", parent_span_id="outer")], book=book_of(m1=5))
    done = apply(store, owner_id, book)
    store.append(owner_id, [better_told()], book=book)
    undone = store.undo_recalculation(owner_id, done.id)
    assert (undone.restored, undone.skipped) == (0, 1)
    assert preview(store, owner_id, book).lines == ()
    assert_sums_are_those_of_the_events(store, engine, owner_id)


def test_an_event_that_is_gone_is_skipped(
    store: EventStore, engine: Engine, owner_id: int, calls: int
) -> None:
    done = apply(store, owner_id, book_of(m1=2))
    with db.for_writing(engine).begin() as connection:
        connection.execute(delete(EventRow).where(EventRow.created_us == NOW_US + 1))
    undone = store.undo_recalculation(owner_id, done.id)
    assert (undone.restored, undone.skipped) == (calls - 1, 1)


def test_nothing_is_undone_twice(store: EventStore, owner_id: int, calls: int) -> None:
    done = apply(store, owner_id, book_of(m1=2))
    store.undo_recalculation(owner_id, done.id)
    with pytest.raises(RecalculationRefusedError, match="is undone already"):
        store.undo_recalculation(owner_id, done.id)
    with pytest.raises(RecalculationRefusedError, match="is undone already"):
        store.resume_recalculation(owner_id, done.id, book=book_of(m1=2))
    assert unpriced(store, owner_id) == calls


def test_an_unknown_or_foreign_recalculation_is_not_found(
    store: EventStore, engine: Engine, owner_id: int
) -> None:
    done = apply(store, owner_id, book_of(m1=2))
    other = new_owner(engine, "other@example.com")
    for owner, recalculation_id in ((other, done.id), (owner_id, done.id + 1)):
        with pytest.raises(RecalculationNotFoundError):
            store.undo_recalculation(owner, recalculation_id)
        with pytest.raises(RecalculationNotFoundError):
            store.resume_recalculation(owner, recalculation_id, book=PriceBook())
        with pytest.raises(RecalculationNotFoundError):
            store.recalculation(owner, recalculation_id)
    assert store.recalculations(other) == []


def test_a_second_recalculation_at_the_same_time_is_refused(
    store: EventStore, engine: Engine, owner_id: int, calls: int
) -> None:
    other = new_owner(engine, "other@example.com")
    store.append(other, [call()])

    def start_another() -> None:
        with pytest.raises(RecalculationRefusedError, match="is under way"):
            apply(store, owner_id, book_of(m1=3))
        (first,) = store.recalculations(owner_id)
        with pytest.raises(RecalculationRefusedError, match="is under way"):
            store.undo_recalculation(owner_id, first.id)
        assert apply(store, other, book_of(m1=3)).summary.total.calls == 1

    done = apply(store, owner_id, BusyBook(start_another, at=2, m1=2))
    assert done.summary.total.calls == calls
    assert total(store, owner_id).sums.cost_nusd == calls * 200_000


def test_what_is_ingested_between_two_steps_counts_once(
    store: EventStore, engine: Engine, owner_id: int, calls: int
) -> None:
    late = [call(f"late{at}", created_at_us=NOW_US + at, parent_span_id="root") for at in (0, 9)]

    def ingest() -> None:
        store.append(owner_id, late, book=book_of(m1=2))

    apply(store, owner_id, BusyBook(ingest, at=2, m1=2))
    assert total(store, owner_id).sums.cost_nusd == (calls + len(late)) * 200_000
    assert_sums_are_those_of_the_events(store, engine, owner_id)


def test_a_call_that_ingestion_tells_anew_between_reading_and_writing_is_priced_as_told_now(
    store: EventStore, owner_id: int
) -> None:
    store.append(owner_id, [call("inner", parent_span_id="outer")])

    def tell_it_better() -> None:
        store.append(owner_id, [better_told()])

    apply(store, owner_id, BusyBook(tell_it_better, m1=2))
    assert preview(store, owner_id, book_of(m1=2)).lines == ()
    assert total(store, owner_id).sums.cost_nusd == 320_000


def test_ingestion_in_other_threads_goes_on_beside_it(
    store: EventStore, engine: Engine, owner_id: int, calls: int
) -> None:
    traces = [agent_trace(f"{number:032x}") for number in range(12)]
    with ThreadPoolExecutor(3) as pool:
        recalculating = pool.submit(apply, store, owner_id, book_of(m1=2), step=1)
        for one in [pool.submit(store.append, owner_id, trace) for trace in traces]:
            one.result()
        done = recalculating.result()
    assert done.summary.total.calls == calls
    assert preview(store, owner_id, book_of(m1=2)).lines == ()
    assert total(store, owner_id).sums.llm_calls == calls + 2 * len(traces)
    assert_sums_are_those_of_the_events(store, engine, owner_id)


def test_an_interrupted_recalculation_leaves_true_sums_and_is_resumed(
    store: EventStore, engine: Engine, owner_id: int, clock: Clock, calls: int
) -> None:
    recalculation_id = interrupted(store, owner_id, after=8)
    assert 0 < unpriced(store, owner_id) < calls
    assert_sums_are_those_of_the_events(store, engine, owner_id)
    with pytest.raises(RecalculationRefusedError, match="is under way"):
        store.resume_recalculation(owner_id, recalculation_id, book=book_of(m1=2))
    clock.now_us += SILENT_US + 1
    assert store.recalculations(owner_id)[0].is_interrupted
    with pytest.raises(RecalculationRefusedError, match="resume or undo it first"):
        apply(store, owner_id, book_of(m1=2))
    done = store.resume_recalculation(owner_id, recalculation_id, book=book_of(m1=2))
    assert done.summary.total.calls == calls
    assert store.recalculation(owner_id, done.id).difference == done.summary.total
    assert unpriced(store, owner_id) == 0


def test_an_interrupted_recalculation_can_be_undone(
    store: EventStore, engine: Engine, owner_id: int, clock: Clock, calls: int
) -> None:
    before = snapshot(engine, owner_id)
    recalculation_id = interrupted(store, owner_id, after=8)
    clock.now_us += SILENT_US + 1
    undone = store.undo_recalculation(owner_id, recalculation_id)
    assert 0 < undone.restored < calls
    assert snapshot(engine, owner_id) == before
    assert apply(store, owner_id, book_of(m1=2)).summary.total.calls == calls


def test_who_was_taken_for_dead_stops_where_somebody_else_went_on(
    store: EventStore, owner_id: int, clock: Clock, calls: int
) -> None:
    def wake_up_too_late() -> None:
        clock.now_us += SILENT_US + 1
        (own,) = store.recalculations(owner_id)
        store.resume_recalculation(owner_id, own.id, book=book_of(m1=3))

    with pytest.raises(RecalculationRefusedError, match="somebody else"):
        apply(store, owner_id, BusyBook(wake_up_too_late, at=2, m1=2))
    assert total(store, owner_id).sums.cost_nusd == calls * 300_000


def test_a_recalculation_of_nothing_is_done_at_once(store: EventStore, owner_id: int) -> None:
    done = store.apply_recalculation(owner_id, book=book_of(m1=2), **ALWAYS)
    assert done.summary.lines == ()
    assert store.undo_recalculation(owner_id, done.id).restored == 0
