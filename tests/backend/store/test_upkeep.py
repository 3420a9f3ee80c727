"""Changes of the time zone, rebuilds of a part, and what goes with age."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, delete, func, select

from backend import db
from backend.models import AgentDailyMetrics, DirtyDay, EventRow, Rollup, WarningRollup
from backend.store import Aggregated, EventFilter, EventStore
from backend.store.rebuild import prune_rollups, rebuild_rollups
from backend.store.transactions import Transactions
from backend.store.windows import day_of_number
from backend.store.zones import known_zone
from otel_bridge.event import Event, micros
from tests.backend.store.makers import llm_call, run_finished, snapshot, tool_call, total

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
NOW_US = micros(NOON)


def days_ago(days: float) -> int:
    return micros(NOON - timedelta(days=days))


@pytest.fixture
def store(engine: Engine) -> EventStore:
    """The store on the tenth of March 2026, with a call on each of ten days."""
    return EventStore(engine, clock_us=lambda: NOW_US)


@pytest.fixture
def transactions(engine: Engine) -> Transactions:
    return Transactions(engine, clock_us=lambda: NOW_US)


def fill(store: EventStore, owner_id: int, *, days: int = 5) -> None:
    for ago in range(days):
        told: dict[str, Any] = {"created_at_us": days_ago(ago), "agent": "bot"}
        store.append(
            owner_id,
            [llm_call(**told), tool_call(payload={"tool": "search", "warnings": ["odd"]}, **told)],
        )


def calls_by_day(store: EventStore, owner_id: int, zone: str = "UTC") -> dict[date, int]:
    groups = store.measure(
        owner_id,
        start_us=days_ago(40),
        end_us=days_ago(-1),
        group_by=["day"],
        zone=known_zone(zone),
    )
    return {group.key["day"]: group.sums.llm_calls for group in groups}


def test_a_change_of_the_zone_cuts_all_days_anew(
    store: EventStore, engine: Engine, owner_id: int
) -> None:
    evening_us = micros(datetime(2026, 3, 8, 20, tzinfo=UTC))
    store.append(owner_id, [llm_call(created_at_us=evening_us), llm_call(created_at_us=NOW_US)])
    store.aggregate_recent()
    store.set_timezone(owner_id, "Asia/Tokyo")
    assert calls_by_day(store, owner_id, "Asia/Tokyo") == {
        date(2026, 3, 9): 1,
        date(2026, 3, 10): 1,
    }
    with engine.connect() as connection:
        days = connection.scalars(select(Rollup.bucket_us).where(Rollup.level == 6)).all()
        assert [datetime.fromtimestamp(day / 10**6, UTC).hour for day in days] == [15, 15]
        marked = connection.scalars(select(DirtyDay.day).order_by(DirtyDay.day)).all()
        assert [day_of_number(day) for day in marked] == [date(2026, 3, 9), date(2026, 3, 10)]
        assert connection.scalars(select(AgentDailyMetrics.day)).all() == []
    assert store.aggregate_recent() == Aggregated(today=1, yesterday=1)


def test_a_zone_that_nobody_knows_is_refused(store: EventStore, owner_id: int) -> None:
    with pytest.raises(ValueError, match="Mars/Olympus"):
        store.set_timezone(owner_id, "Mars/Olympus")


def test_a_rebuild_of_the_newest_days_keeps_the_sums_of_older_ones(
    store: EventStore, engine: Engine, transactions: Transactions, owner_id: int
) -> None:
    fill(store, owner_id)
    store.append(owner_id, [llm_call(created_at_us=days_ago(2.1)), Event("heartbeat", NOW_US)])
    rollups = ("obs_rollups", "obs_warning_rollups")
    before = snapshot(engine, owner_id)
    with db.for_writing(engine).begin() as connection:
        connection.execute(delete(EventRow).where(EventRow.created_us < days_ago(2)))
    transactions.write(owner_id, lambda tx: rebuild_rollups(tx, since_us=days_ago(2)))
    after = snapshot(engine, owner_id)
    assert [after[name] for name in rollups] == [before[name] for name in rollups]
    assert sum(calls_by_day(store, owner_id).values()) == 6


def test_old_sums_are_deleted_in_steps_with_all_their_levels(
    store: EventStore, engine: Engine, transactions: Transactions, owner_id: int
) -> None:
    fill(store, owner_id)
    steps: list[int] = []
    while not steps or steps[-1]:
        steps.append(
            transactions.write(
                owner_id, lambda tx: prune_rollups(tx, before_us=days_ago(2), limit=9)
            )
        )
    assert len(steps) > 3
    assert max(steps) == 9
    assert sorted(calls_by_day(store, owner_id)) == [date(2026, 3, day) for day in (8, 9, 10)]
    with engine.connect() as connection:
        for model in (Rollup, WarningRollup):
            oldest = connection.scalar(select(func.min(model.bucket_us)))
            assert oldest == micros(datetime(2026, 3, 8, tzinfo=UTC))


def test_jobs_that_aggregate_at_once_write_each_row_once(
    store: EventStore, engine: Engine, owner_id: int
) -> None:
    fill(store, owner_id)
    engines = [db.engine_for(url_of(engine)) for _ in range(4)]
    jobs = [EventStore(one, clock_us=lambda: NOW_US) for one in engines]
    with ThreadPoolExecutor(len(jobs)) as pool:
        done = list(pool.map(lambda job: job.aggregate_recent(), jobs))
    for one in engines:
        one.dispose()
    assert {(one.today, one.yesterday) for one in done} == {(1, 1)}
    with engine.connect() as connection:
        rows = connection.scalars(select(AgentDailyMetrics.llm_calls)).all()
        assert rows == [1] * 5
        assert connection.scalar(select(func.count()).select_from(DirtyDay)) == 0


def test_a_day_that_did_not_change_is_not_written_again(
    store: EventStore, engine: Engine, owner_id: int
) -> None:
    fill(store, owner_id, days=2)
    store.aggregate_recent()
    later = EventStore(engine, clock_us=lambda: NOW_US + 1)
    later.append(owner_id, [llm_call(created_at_us=NOW_US, agent="bot")])
    assert later.aggregate_recent() == Aggregated(today=1, yesterday=1)
    with engine.connect() as connection:
        written = select(AgentDailyMetrics.aggregated_us).order_by(AgentDailyMetrics.day)
        assert connection.scalars(written).all() == [NOW_US, NOW_US + 1]


def test_a_heartbeat_outlives_its_event(store: EventStore, engine: Engine, owner_id: int) -> None:
    store.append(owner_id, [Event("heartbeat", NOW_US - 5), Event("heartbeat", NOW_US)])
    with db.for_writing(engine).begin() as connection:
        connection.execute(delete(EventRow))
    found = store.last_heartbeats(owner_id, start_us=days_ago(1), end_us=days_ago(-1))
    assert found == {(NOON.date(), None): NOW_US}


def test_a_heartbeat_that_turns_out_to_be_another_agent_s_leaves_the_one_before(
    store: EventStore, owner_id: int
) -> None:
    run = "00000000-0000-4000-8000-000000000001"
    store.append(owner_id, [Event("heartbeat", NOW_US - 9, default_agent="shop")])
    store.append(owner_id, [Event("heartbeat", NOW_US, default_agent="shop", run_id=run)])
    window: Any = {"start_us": days_ago(1), "end_us": days_ago(-1)}
    assert list(store.last_heartbeats(owner_id, **window).values()) == [NOW_US]
    store.append(owner_id, [run_finished(agent="bot", run_id=run, created_at_us=NOW_US)])
    found = store.last_heartbeats(owner_id, **window)
    assert sorted(found.values()) == [NOW_US - 9, NOW_US]


def test_totals_of_a_list_are_those_of_its_events_whatever_the_filter(
    store: EventStore, owner_id: int
) -> None:
    fill(store, owner_id)
    store.append(owner_id, [llm_call(status="error", created_at_us=days_ago(1))])
    for wanted, expected in (
        (EventFilter(), 11),
        (EventFilter(event_type="llm_call"), 6),
        (EventFilter(status="error", model="gpt-4o-mini"), 1),
        (EventFilter(agent_id=0), 1),
        (EventFilter(model="gpt-4o-mini", start_us=days_ago(1)), 3),
        (EventFilter(end_us=days_ago(3) + 1), 4),
    ):
        assert store.events(owner_id, wanted, limit=1).total == expected
    assert total(store, owner_id).sums.total_events == 11


def url_of(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=False)
