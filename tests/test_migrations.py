"""The schema goes up and down on both databases, with data, and is what the models say."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import insert, inspect, select, update

from backend import db
from backend.models import (
    Agent,
    AlertRule,
    Base,
    EventRow,
    LlmPrice,
    RecalculationChange,
    RecalculationRow,
    Rollup,
    RunRow,
    User,
    WarningRollup,
)
from backend.store import EventStore
from otel_bridge.errors import ConfigurationError
from otel_bridge.event import Event
from tests.backend.store.makers import (
    NOW_US,
    agent_links,
    agent_trace,
    mixed_events,
    snapshot,
)
from tests.databases import new_owner

REVISIONS = [f"{number:04}" for number in range(1, 18)]
ROOT = Path(__file__).resolve().parent.parent


def table_names(url: str) -> set[str]:
    engine = db.engine_for(url)
    try:
        return set(inspect(engine).get_table_names())
    finally:
        engine.dispose()


def fill(url: str) -> None:
    """Put a row into tables of several migrations."""
    engine = db.engine_for(url)
    with db.for_writing(engine).begin() as connection:
        connection.execute(insert(User).values(id=7, email="a@b", password_hash="!", created_us=0))
        connection.execute(
            insert(Agent).values(id=9, user_id=7, name="bot", is_derived=False, created_us=0)
        )
        connection.execute(
            insert(EventRow).values(
                uid=uuid4().bytes,
                user_id=7,
                agent_id=9,
                event_type="metric",
                sent_event_type="metric",
                status="info",
                counted=True,
                payload="{}",
                cost_nusd=9_000_000_000_000_000,
                created_us=1,
                received_us=1,
            )
        )
        connection.execute(insert(AlertRule).values(_rule()))
        connection.execute(
            insert(LlmPrice).values(
                provider="p", model="m", reasoning_cost_per_mtok=1, source="list", created_us=0
            )
        )
        connection.execute(insert(RecalculationRow).values(_recalculation()))
        connection.execute(
            insert(RecalculationChange).values(
                recalculation_id=3, created_us=1, event_uid=uuid4().bytes, told="digest"
            )
        )
    engine.dispose()


def _rule() -> dict[str, object]:
    return {
        "user_id": 7,
        "agent_id": 9,
        "name": "cost",
        "rule_type": "cost_per_day",
        "threshold": 5,
        "created_us": 0,
    }


def _recalculation() -> dict[str, object]:
    return {
        "id": 3,
        "user_id": 7,
        "start_us": 0,
        "end_us": 2,
        "status": "done",
        "runner": uuid4(),
        "beat_us": 0,
        "created_us": 0,
    }


def test_an_empty_database_goes_up_to_every_table(empty_database_url: str) -> None:
    assert db.current(empty_database_url) is None
    assert db.pending(empty_database_url) == REVISIONS
    db.upgrade(empty_database_url)
    assert db.current(empty_database_url) == REVISIONS[-1]
    assert db.pending(empty_database_url) == []
    assert table_names(empty_database_url) == {*Base.metadata.tables, "alembic_version"}


def test_upgrading_twice_changes_nothing(empty_database_url: str) -> None:
    db.upgrade(empty_database_url)
    fill(empty_database_url)
    db.upgrade(empty_database_url)
    assert db.current(empty_database_url) == REVISIONS[-1]


def test_a_database_with_data_goes_down_to_nothing_and_up_again(empty_database_url: str) -> None:
    db.upgrade(empty_database_url)
    fill(empty_database_url)
    db.downgrade(empty_database_url, revision="base")
    assert table_names(empty_database_url) == {"alembic_version"}
    assert db.pending(empty_database_url) == REVISIONS
    db.upgrade(empty_database_url)
    fill(empty_database_url)


@pytest.mark.parametrize("revision", REVISIONS[1:-1])
def test_going_down_to_a_revision_and_up_keeps_the_rows_below_it(
    empty_database_url: str, revision: str
) -> None:
    db.upgrade(empty_database_url)
    fill(empty_database_url)
    db.downgrade(empty_database_url, revision=revision)
    assert db.current(empty_database_url) == revision
    db.upgrade(empty_database_url)
    engine = db.engine_for(empty_database_url)
    with engine.connect() as connection:
        assert connection.scalar(select(EventRow.cost_nusd)) == 9_000_000_000_000_000
        # The sums are computed anew where they are made.
        summed = {1} if revision < "0014" else set()
        assert set(connection.scalars(select(Rollup.events))) == summed
    engine.dispose()


def test_the_cost_that_came_with_a_call_is_known_of_older_rows_too(
    empty_database_url: str,
) -> None:
    db.upgrade(empty_database_url)
    fill(empty_database_url)
    engine = db.engine_for(empty_database_url)
    rows = [
        ("client", 5, "client"),
        ("owner", 6, "tracer"),
        ("tracer", None, None),
        ("owner", None, None),
    ]
    with db.for_writing(engine).begin() as connection:
        (filled,) = connection.execute(select(EventRow.__table__)).mappings()
        for number, (source, sent, sent_source) in enumerate(rows, start=10):
            told = {"cost_source": source, "sent_cost_nusd": sent, "sent_cost_source": sent_source}
            new = {"uid": uuid4().bytes, "cost_nusd": number, "created_us": number}
            connection.execute(insert(EventRow).values({**filled, **told, **new}))
    db.downgrade(empty_database_url, revision="0009")
    db.upgrade(empty_database_url)
    query = select(EventRow.told_cost_nusd, EventRow.told_cost_source).order_by(EventRow.created_us)
    with engine.connect() as connection:
        found = [tuple(row) for row in connection.execute(query)]
    engine.dispose()
    assert found == [(None, None), (5, "client"), (6, "tracer"), (12, "tracer"), (None, None)]


def test_rows_of_before_are_counted_and_dated_by_what_is_stored(empty_database_url: str) -> None:
    db.upgrade(empty_database_url)
    fill(empty_database_url)
    engine = db.engine_for(empty_database_url)
    with db.for_writing(engine).begin() as connection:
        told = {"set_aside_reason": "same_response", "scope": "s", "run_id": "r", "created_us": 5}
        connection.execute(update(EventRow).values(told))
        connection.execute(insert(RunRow).values(_run()))
    db.downgrade(empty_database_url, revision="0007")
    db.upgrade(empty_database_url)
    with engine.connect() as connection:
        assert connection.scalar(select(RunRow.last_us)) == 5
        counts = select(WarningRollup.bucket_us, WarningRollup.code, WarningRollup.scope)
        counted = connection.execute(counts.add_columns(WarningRollup.n)).all()
        assert set(counted) == {(0, "same_response", "s", 1)}
    engine.dispose()


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kathmandu"])
def test_the_sums_of_every_level_are_those_that_the_store_makes(
    empty_database_url: str, zone: str
) -> None:
    db.upgrade(empty_database_url)
    engine = db.engine_for(empty_database_url)
    store, owner_id = EventStore(engine), new_owner(engine)
    store.set_timezone(owner_id, zone)
    store.append(owner_id, [*mixed_events(), Event("heartbeat", NOW_US, agent="a")])
    store.append(owner_id, agent_trace(), links=agent_links())
    before = snapshot(engine, owner_id)
    db.downgrade(empty_database_url, revision="0013")
    with engine.connect() as connection:
        calls = connection.exec_driver_sql("SELECT sum(n) FROM obs_latency_rollups").scalar()
        counted = "SELECT sum(counted) FROM obs_rollups WHERE latency_sum_ms > 0"
        assert calls == connection.exec_driver_sql(counted).scalar()
    db.upgrade(empty_database_url)
    assert snapshot(engine, owner_id) == before
    engine.dispose()


def _run() -> dict[str, object]:
    sums = ("total_tokens_in", "total_tokens_out", "total_cost_nusd", "events_count")
    zeros = dict.fromkeys((*sums, "llm_calls_count", "tool_calls_count", "last_us"), 0)
    return {"user_id": 7, "run_id": "r", "status": "running", "started_us": 1, **zeros}


def test_the_migrations_make_what_the_models_say(empty_database_url: str) -> None:
    db.upgrade(empty_database_url)
    engine = db.engine_for(empty_database_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, Base.metadata) == []
    engine.dispose()


def test_every_index_of_the_models_is_partial_in_the_database_too(empty_database_url: str) -> None:
    db.upgrade(empty_database_url)
    engine = db.engine_for(empty_database_url)
    key = f"{engine.dialect.name}_where"
    found = {
        index["name"]
        for index in inspect(engine).get_indexes("obs_events")
        if key in index.get("dialect_options", {})
    }
    engine.dispose()
    assert found == {
        index.name
        for index in Base.metadata.tables["obs_events"].indexes
        if index.dialect_kwargs.get(key) is not None
    }


def test_a_database_of_a_newer_version_is_refused_with_a_sentence(database_url: str) -> None:
    engine = db.engine_for(database_url)
    with db.for_writing(engine).begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    engine.dispose()
    with pytest.raises(ConfigurationError, match="9999"):
        db.pending(database_url)


def test_migrations_run_from_any_folder(empty_database_url: str, tmp_path: Path) -> None:
    code = "import sys; from backend import db; db.upgrade(sys.argv[1])"
    subprocess.run(
        [sys.executable, "-c", code, empty_database_url],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=True,
    )
    assert db.pending(empty_database_url) == []


def test_replicas_that_start_together_migrate_once(empty_database_url: str, tmp_path: Path) -> None:
    code = "import sys; from backend import db; db.upgrade(sys.argv[1])"
    command = [sys.executable, "-c", code, empty_database_url]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    started = [subprocess.Popen(command, cwd=tmp_path, env=environment) for _ in range(3)]
    assert [process.wait(60) for process in started] == [0, 0, 0]
    assert db.pending(empty_database_url) == []
