"""The databases find events by the index that was made for the question."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine, event, text

from backend.store import EventFilter, EventStore
from otel_bridge.event import EVENT_TYPES

_QUESTION = (
    "SELECT uid FROM obs_events WHERE user_id = :owner_id AND event_type = :event_type"
    " ORDER BY created_us DESC LIMIT 50"
)


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_events_of_a_type_are_found_in_the_index_of_the_type(
    engine: Engine, event_type: str
) -> None:
    is_sqlite = engine.dialect.name == "sqlite"
    with engine.connect() as connection:
        if not is_sqlite:
            # An empty table is read faster without any index.
            connection.execute(text("SET LOCAL enable_seqscan = off"))
        plan = connection.execute(
            text(f"EXPLAIN {'QUERY PLAN' if is_sqlite else ''} {_QUESTION}"),
            {"owner_id": 1, "event_type": event_type},
        )
        told = " ".join(str(row) for row in plan)
    assert f"ix_obs_events_type_{event_type}" in told


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (EventFilter(), "ix_obs_events_newest"),
        (EventFilter(run_id="r"), "ix_obs_events_run"),
        (EventFilter(run_id="r", end_us=5), "ix_obs_events_run"),
        (EventFilter(run_id="r", agent_id=1, model="m", status="error"), "ix_obs_events_run"),
        (EventFilter(agent_id=1), "ix_obs_events_agent"),
        (EventFilter(agent_id=1, event_type="error"), "ix_obs_events_agent"),
        (EventFilter(model="m"), "ix_obs_events_model"),
        (EventFilter(status="error"), "ix_obs_events_error"),
        (EventFilter(warning="missing_usage"), "ix_obs_events_odd"),
    ],
)
def test_sqlite_finds_a_page_of_events_in_the_index_of_its_filter(
    engine: Engine, owner_id: int, wanted: EventFilter, index: str
) -> None:
    if engine.dialect.name != "sqlite":
        return  # PostgreSQL chooses by what it knows of the rows
    asked: list[tuple[str, Any]] = []
    event.listen(engine, "before_cursor_execute", lambda *told: asked.append(told[2:4]))
    EventStore(engine).events(owner_id, wanted, limit=50)
    statement, values = next(one for one in asked if "ORDER BY" in one[0])
    with engine.connect() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
    assert f"USING INDEX {index} " in str(plan)
