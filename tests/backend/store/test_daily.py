"""The table of agents' days."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select

from backend.models import Agent, AgentDailyMetrics, DirtyDay
from backend.store import Aggregated, EventStore
from otel_bridge.event import Event, micros
from tests.backend.store.makers import llm_call, run_finished, tool_call
from tests.databases import new_owner

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


def at(moment: datetime) -> int:
    return micros(moment)


@pytest.fixture
def store(engine: Engine) -> EventStore:
    """The store on the tenth of March 2026."""
    return EventStore(engine, clock_us=lambda: at(NOON))


def daily_rows(engine: Engine, owner_id: int) -> list[dict[str, Any]]:
    query = (
        select(*AgentDailyMetrics.__table__.c, Agent.name)
        .outerjoin(Agent, Agent.id == AgentDailyMetrics.agent_id)
        .where(AgentDailyMetrics.user_id == owner_id)
        .order_by(AgentDailyMetrics.day, Agent.name)
    )
    with engine.connect() as connection:
        return [dict(row._mapping) for row in connection.execute(query)]


def dirty_days(engine: Engine) -> list[int]:
    with engine.connect() as connection:
        return list(connection.scalars(select(DirtyDay.day)))


def test_a_day_has_a_row_per_agent_and_one_for_nobody(
    store: EventStore, engine: Engine, owner_id: int
) -> None:
    own: dict[str, Any] = {"created_at_us": at(NOON), "agent": "bot"}
    store.append(
        owner_id,
        [
            llm_call(**own),
            llm_call(model=None, latency_ms=50, **own),
            tool_call(status="error", **own),
            run_finished(**own),
            run_finished(status="error", **own),
            Event("heartbeat", at(NOON) + 3, agent="bot"),
            llm_call(created_at_us=at(NOON)),
        ],
    )
    assert store.aggregate_days(owner_id, [NOON.date()]) == 2
    nobody, bot = sorted(daily_rows(engine, owner_id), key=lambda row: row["agent_key"])
    assert (nobody["agent_id"], nobody["llm_calls"], nobody["last_heartbeat_us"]) == (None, 1, None)
    assert (bot["name"], bot["agent_key"]) == ("bot", bot["agent_id"])
    assert (bot["total_runs"], bot["successful_runs"], bot["failed_runs"]) == (2, 1, 1)
    assert (bot["total_tool_calls"], bot["tool_errors"], bot["errors"]) == (1, 1, 2)
    assert (bot["total_tokens_in"], bot["total_cost_nusd"], bot["total_events"]) == (200, 2000, 6)
    assert (bot["latency_p50_ms"], bot["latency_avg_ms"]) == (50, 150)
    assert json.loads(bot["models_used"]) == {"gpt-4o-mini": 1, "unknown": 1}
    assert bot["last_heartbeat_us"] == at(NOON) + 3


def test_aggregating_again_changes_nothing(
    store: EventStore, engine: Engine, owner_id: int
) -> None:
    store.append(owner_id, [llm_call(created_at_us=at(NOON)), tool_call(created_at_us=at(NOON))])
    assert store.aggregate_recent() == Aggregated(today=1)
    before = daily_rows(engine, owner_id)
    assert store.aggregate_recent() == Aggregated(today=1)
    assert daily_rows(engine, owner_id) == before


def test_every_day_that_late_events_touched_is_written(
    store: EventStore, engine: Engine, owner_id: int
) -> None:
    for days in (0, 1, 5, 30):
        store.append(owner_id, [llm_call(created_at_us=at(NOON - timedelta(days=days)))])
    assert len(dirty_days(engine)) == 4
    assert store.aggregate_recent() == Aggregated(today=1, yesterday=1, late=2)
    assert [row["day"] for row in daily_rows(engine, owner_id)] == [
        date(2026, 2, 8),
        date(2026, 3, 5),
        date(2026, 3, 9),
        date(2026, 3, 10),
    ]
    assert dirty_days(engine) == []


def test_a_day_whose_events_moved_away_loses_its_row(
    store: EventStore, engine: Engine, owner_id: int
) -> None:
    own: dict[str, Any] = {"created_at_us": at(NOON)}
    store.append(owner_id, [llm_call("c", parent_span_id="root", default_agent="shop", **own)])
    store.aggregate_recent()
    assert [row["name"] for row in daily_rows(engine, owner_id)] == ["shop"]
    store.append(owner_id, [run_finished("root", **own)])
    store.aggregate_recent()
    assert [row["name"] for row in daily_rows(engine, owner_id)] == ["bot"]


def test_days_are_those_of_the_owners_zone(
    store: EventStore, engine: Engine, owner_id: int
) -> None:
    store.set_timezone(owner_id, "Asia/Tokyo")
    late_evening = datetime(2026, 3, 3, 20, tzinfo=UTC)
    store.append(owner_id, [llm_call(created_at_us=at(late_evening))])
    store.aggregate_recent()
    assert [row["day"] for row in daily_rows(engine, owner_id)] == [date(2026, 3, 4)]


def test_all_owners_are_aggregated_apart(store: EventStore, engine: Engine, owner_id: int) -> None:
    other_id = new_owner(engine, "other@example.com")
    store.append(owner_id, [llm_call(created_at_us=at(NOON))])
    store.append(other_id, [llm_call(created_at_us=at(NOON))] * 2)
    assert store.aggregate_recent() == Aggregated(today=2)
    (mine,), (others,) = daily_rows(engine, owner_id), daily_rows(engine, other_id)
    assert (mine["llm_calls"], others["llm_calls"]) == (1, 2)
    assert store.aggregate_recent(owner_id) == Aggregated(today=1)
