"""The databases find events by the index that was made for the question."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, text

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
