"""The file of an embedded database: copied in use, checked, shrunk."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine

from backend import db
from backend.sqlite_file import back_up, problems_of, vacuum
from backend.store import EventStore, RetentionPolicy
from backend.store.windows import DAY_US
from otel_bridge.event import Event
from tests.backend.store.makers import NOW_US, total
from tests.databases import new_owner

POLICY = RetentionPolicy(events_days=1, rollups_days=0)
OLD_US = NOW_US - 2 * DAY_US
MIB = 1024 * 1024


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "obs.db"
    db.upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture
def engine(file: Path) -> Iterator[Engine]:
    engine = db.engine_for(f"sqlite:///{file}")
    yield engine
    engine.dispose()


@pytest.fixture
def store(engine: Engine) -> EventStore:
    return EventStore(engine, clock_us=lambda: NOW_US)


@pytest.fixture
def owner_id(engine: Engine) -> int:
    return new_owner(engine)


def fill(store: EventStore, owner_id: int, *, time_us: int = OLD_US, events: int = 2000) -> None:
    payload = {"text": "x" * 1000}
    store.append(owner_id, [Event("metric", time_us, payload=payload) for _ in range(events)])


def silently(_left: int, _whole: int) -> None:
    """Show no progress."""


def log_of(file: Path) -> Path:
    return file.with_name(f"{file.name}-wal")


def checkpoint(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def test_a_copy_holds_what_was_there_when_it_began_and_writers_do_not_wait(
    store: EventStore, file: Path, owner_id: int, tmp_path: Path
) -> None:
    for _ in range(6):
        fill(store, owner_id)
    steps = []

    def write_meanwhile(left: int, _whole: int) -> None:
        steps.append(left)
        fill(store, owner_id, events=10)

    copy = tmp_path / "copy.db"
    assert back_up(file, copy, progress=write_meanwhile) == []
    assert len(steps) > 1
    assert total(store, owner_id).sums.total_events == 12_000 + 10 * len(steps)
    copied = db.engine_for(f"sqlite:///{copy}")
    assert total(EventStore(copied), owner_id).sums.total_events == 12_000
    copied.dispose()


def test_a_copy_that_is_put_in_the_place_of_the_database_is_the_database(
    store: EventStore, engine: Engine, file: Path, owner_id: int, tmp_path: Path
) -> None:
    fill(store, owner_id, events=5)
    copy = tmp_path / "copy.db"
    back_up(file, copy, progress=silently)
    fill(store, owner_id, events=5)
    engine.dispose()
    copy.replace(file)
    for name in ("-wal", "-shm"):
        file.with_name(file.name + name).unlink(missing_ok=True)
    assert total(store, owner_id).sums.total_events == 5
    assert problems_of(file) == []


def test_a_broken_copy_never_takes_its_name(file: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(
            "INSERT INTO agents (user_id, name, description, is_derived, created_us)"
            " VALUES (99, 'a', '', false, 0)"
        )
    copy = tmp_path / "copies" / "copy.db"
    copy.parent.mkdir()
    assert back_up(file, copy, progress=silently) == ["row 1 of agents points at no row of users"]
    assert list(copy.parent.iterdir()) == []


def test_a_damaged_page_is_found(store: EventStore, file: Path, owner_id: int) -> None:
    fill(store, owner_id)
    checkpoint(file)
    with file.open("r+b") as damaged:
        damaged.seek(file.stat().st_size // 2)
        damaged.write(b"\xff" * 8192)
    assert problems_of(file) != []


def test_a_file_shrinks_after_retention(store: EventStore, file: Path, owner_id: int) -> None:
    for _ in range(4):
        fill(store, owner_id)
    fill(store, owner_id, time_us=NOW_US, events=100)
    checkpoint(file)
    before = file.stat().st_size
    removed = store.retain(POLICY)
    checkpoint(file)
    assert removed.events == 8000
    assert before > 10 * MIB
    assert file.stat().st_size < before / 5


def test_a_file_of_before_shrinks_from_its_vacuum_on(tmp_path: Path) -> None:
    file = tmp_path / "old.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE t (x)")
    vacuum(file)
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA auto_vacuum").fetchone() == (2,)


def test_the_log_grows_under_a_reader_that_stays_and_is_cut_when_it_has_gone(
    store: EventStore, engine: Engine, file: Path, owner_id: int
) -> None:
    with engine.connect() as reader:
        reader.exec_driver_sql("SELECT count(*) FROM obs_events").scalar()
        for _ in range(20):
            fill(store, owner_id)
        assert log_of(file).stat().st_size > 64 * MIB
    for _ in range(2):
        fill(store, owner_id, events=1)
    assert log_of(file).stat().st_size <= 64 * MIB


def test_many_batches_leave_a_short_log(store: EventStore, file: Path, owner_id: int) -> None:
    for _ in range(20):
        fill(store, owner_id)
    assert log_of(file).stat().st_size < 32 * MIB
