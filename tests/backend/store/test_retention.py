"""What is old goes in short steps; every sum stays what it was."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC

import pytest
from sqlalchemy import Engine, func, select, update

from backend import db
from backend.models import (
    AgentDailyMetrics,
    Base,
    EventRow,
    RecalculationChange,
    Rollup,
    RunRow,
    SpanLinkRow,
    User,
)
from backend.store import EventFilter, EventStore, Removed, RetentionPolicy, RunFilter
from backend.store.windows import DAY_US, QUARTER_US, day_at
from otel_bridge.event import Event
from otel_bridge.pricing import PriceBook
from tests.backend.store.makers import (
    NOW_US,
    SECOND_US,
    agent_links,
    agent_trace,
    llm_call,
    snapshot,
    total,
)

POLICY = RetentionPolicy(events_days=90, rollups_days=730)
#: The last quarter-hour whose events are all too old, seen from NOW_US.
CUT_US = (NOW_US - 90 * DAY_US) // QUARTER_US * QUARTER_US


@pytest.fixture
def store_at(engine: Engine) -> Callable[[int], EventStore]:
    """Make stores whose clock stands at a time."""

    def make(time_us: int) -> EventStore:
        return EventStore(engine, clock_us=lambda: time_us)

    return make


@pytest.fixture
def store(store_at: Callable[[int], EventStore]) -> EventStore:
    return store_at(NOW_US)


def count(engine: Engine, table: type[Base]) -> int:
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0


def at(trace: str, *, time_us: int) -> list[Event]:
    """Return the events of an agent's trace, all at one time."""
    return [moved(event, time_us) for event in agent_trace(trace)]


def moved(event: Event, time_us: int) -> Event:
    fields = {name: getattr(event, name) for name in event.__dataclass_fields__}
    return type(event)(**{**fields, "created_at_us": time_us})


def trace_id(number: int) -> str:
    return f"{number:032x}"


def sums_of(engine: Engine, owner_id: int) -> dict[str, object]:
    """Return the tables of sums, which retention of events must not touch."""
    tables = ("obs_rollups", "obs_warning_rollups")
    return {name: snapshot(engine, owner_id)[name] for name in tables}


def test_old_events_go_with_their_runs_and_the_sums_stay(
    store: EventStore, engine: Engine, owner_id: int
) -> None:
    store.append(owner_id, at(trace_id(1), time_us=CUT_US - 1))
    store.append(owner_id, at(trace_id(2), time_us=CUT_US))
    before = sums_of(engine, owner_id)
    removed = store.retain(POLICY)
    assert (removed.events, removed.runs, removed.is_finished) == (8, 1, True)
    kept = store.events(owner_id, EventFilter(), limit=50).events
    assert {event.trace_id for event in kept} == {trace_id(2)}
    assert len(store.runs(owner_id, RunFilter(), limit=50).runs) == 1
    assert sums_of(engine, owner_id) == before
    assert store.retain(POLICY).events == 0


def test_it_is_known_from_when_on_the_events_are_complete(
    store: EventStore, engine: Engine, owner_id: int
) -> None:
    query = select(User.raw_since_us).where(User.id == owner_id)
    store.retain(POLICY)
    with engine.connect() as connection:
        assert connection.scalar(query) is None
    store.append(owner_id, at(trace_id(1), time_us=CUT_US - 1))
    store.retain(POLICY)
    with engine.connect() as connection:
        assert connection.scalar(query) == CUT_US
    assert CUT_US % QUARTER_US == 0


@pytest.mark.parametrize(("own_days", "left"), [(None, 0), (0, 8), (365, 8), (30, 0)])
def test_an_owner_may_keep_events_for_days_of_their_own(
    store: EventStore, engine: Engine, owner_id: int, own_days: int | None, left: int
) -> None:
    with db.for_writing(engine).begin() as connection:
        connection.execute(update(User).values(retention_days=own_days))
    store.append(owner_id, at(trace_id(1), time_us=NOW_US - 100 * DAY_US))
    store.retain(POLICY)
    assert count(engine, EventRow) == left


def test_zero_days_keep_everything(store: EventStore, engine: Engine, owner_id: int) -> None:
    store.append(owner_id, at(trace_id(1), time_us=0))
    assert store.retain(RetentionPolicy(0, 0)) == Removed()
    assert count(engine, EventRow) == 8


def test_a_trace_that_goes_on_is_kept_whole_for_a_week_more(
    store: EventStore, store_at: Callable[[int], EventStore], engine: Engine, owner_id: int
) -> None:
    *most, end = agent_trace()
    store.append(owner_id, [moved(event, CUT_US - 5) for event in most])
    store.append(owner_id, [moved(end, CUT_US + 5)])
    assert store.retain(POLICY).events == 0
    assert store_at(NOW_US + 6 * DAY_US).retain(POLICY).events == 8
    assert count(engine, RunRow) == 0


def test_what_goes_on_for_ever_loses_its_oldest_events_after_that_week(
    store_at: Callable[[int], EventStore], owner_id: int
) -> None:
    later = store_at(NOW_US + 8 * DAY_US)
    *most, end = agent_trace()
    later.append(owner_id, [moved(event, CUT_US - 5) for event in most])
    later.append(owner_id, [moved(end, NOW_US)])
    assert later.retain(POLICY).events == 7


def test_a_late_event_of_a_trace_that_lost_its_older_part_makes_no_sum_negative(
    store_at: Callable[[int], EventStore], engine: Engine, owner_id: int
) -> None:
    later = store_at(NOW_US + 8 * DAY_US)
    *most, end = agent_trace()
    later.append(owner_id, [moved(event, CUT_US - 5) for event in most])
    later.append(owner_id, [moved(end, NOW_US)])
    before = total(later, owner_id).sums
    later.retain(POLICY)
    late = llm_call("call9", parent_span_id="root", created_at_us=NOW_US + SECOND_US)
    later.append(owner_id, [late])
    after = total(later, owner_id).sums
    assert (after.llm_calls, after.runs) == (before.llm_calls + 1, before.runs)
    assert after.tokens_in == before.tokens_in + 100
    with engine.connect() as connection:
        lowest = connection.execute(select(func.min(Rollup.counted), func.min(Rollup.tokens_in)))
        assert min(lowest.one()) >= 0
    [run] = later.runs(owner_id, RunFilter(), limit=50).runs
    assert run.status == "success"


def test_spans_without_events_go_when_nothing_of_their_trace_is_left(
    store: EventStore, engine: Engine, owner_id: int
) -> None:
    store.append(owner_id, [llm_call("call", created_at_us=NOW_US)], links=agent_links())
    store.append(owner_id, [], links=agent_links(trace_id(7)))
    with db.for_writing(engine).begin() as connection:
        connection.execute(update(SpanLinkRow).values(received_us=CUT_US - 1))
    store.retain(POLICY)
    assert list(store.links(owner_id, [agent_links()[0].trace_id, trace_id(7)])) == [
        (agent_links()[0].trace_id, "http")
    ]


def test_spans_without_events_say_when_they_came(
    store: EventStore, engine: Engine, owner_id: int
) -> None:
    store.append(owner_id, [], links=agent_links())
    with engine.connect() as connection:
        received_us = connection.scalar(select(SpanLinkRow.received_us))
    assert received_us == NOW_US


def test_what_a_recalculation_changed_of_events_that_are_gone_goes_too(
    store: EventStore, store_at: Callable[[int], EventStore], engine: Engine, owner_id: int
) -> None:
    times = (NOW_US - 80 * DAY_US, NOW_US)
    store.append(
        owner_id,
        [llm_call(f"c{time_us}", created_at_us=time_us, cost_usd=None) for time_us in times],
    )
    store.apply_recalculation(owner_id, start_us=0, end_us=2 * NOW_US, book=PriceBook())
    assert count(engine, RecalculationChange) == 2
    store_at(NOW_US + 30 * DAY_US).retain(POLICY)
    assert count(engine, RecalculationChange) == 1


def test_sums_go_after_their_own_longer_time(
    store: EventStore, store_at: Callable[[int], EventStore], engine: Engine, owner_id: int
) -> None:
    store.append(owner_id, at(trace_id(1), time_us=NOW_US - 80 * DAY_US))
    store.append(owner_id, at(trace_id(2), time_us=NOW_US))
    store.aggregate_recent()
    later = store_at(NOW_US + 700 * DAY_US)
    assert later.retain(POLICY).rollups > 0
    assert len(later.measure(owner_id, start_us=0, end_us=2 * NOW_US, group_by=("day",))) == 1
    with engine.connect() as connection:
        days = connection.scalars(select(AgentDailyMetrics.day).distinct()).all()
    assert days == [day_at(NOW_US, UTC)]
    later.retain(POLICY)
    assert store_at(NOW_US + 800 * DAY_US).retain(POLICY).rollups > 0
    assert (count(engine, Rollup), count(engine, AgentDailyMetrics)) == (0, 0)


def test_sums_stay_as_long_as_an_owner_keeps_the_events(
    store_at: Callable[[int], EventStore], engine: Engine, owner_id: int
) -> None:
    with db.for_writing(engine).begin() as connection:
        connection.execute(update(User).values(retention_days=1000))
    later = store_at(NOW_US + 900 * DAY_US)
    later.append(owner_id, at(trace_id(1), time_us=NOW_US))
    later.retain(POLICY)
    assert (count(engine, EventRow), total(later, owner_id).sums.runs) == (8, 1)


def test_it_stops_in_time_and_goes_on_the_next_time(store: EventStore, owner_id: int) -> None:
    store.append(owner_id, at(trace_id(1), time_us=CUT_US - 1))
    first = store.retain(POLICY, for_s=0.0)
    assert (first.events, first.is_finished) == (0, False)
    assert store.retain(POLICY).events == 8


def old_calls(amount: int) -> list[Event]:
    return [llm_call(created_at_us=CUT_US - number - 1) for number in range(amount)]


def test_two_at_once_delete_each_event_once(
    store: EventStore, engine: Engine, owner_id: int
) -> None:
    store.append(owner_id, old_calls(500))
    before, found = sums_of(engine, owner_id), []
    threads = [
        threading.Thread(target=lambda: found.append(store.retain(POLICY).events)) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (sum(found), count(engine, EventRow)) == (500, 0)
    assert sums_of(engine, owner_id) == before


def test_ingestion_goes_on_while_old_events_are_deleted(store: EventStore, owner_id: int) -> None:
    for _ in range(6):
        store.append(owner_id, old_calls(2000))
    is_done, waits_s = threading.Event(), []

    def ingest() -> None:
        while not is_done.is_set():
            started = time.monotonic()
            store.append(owner_id, [llm_call()])
            waits_s.append(time.monotonic() - started)

    writer = threading.Thread(target=ingest)
    writer.start()
    removed = store.retain(POLICY)
    is_done.set()
    writer.join()
    assert removed.events == 12_000
    assert max(waits_s) < 1
    assert len(waits_s) > 5
