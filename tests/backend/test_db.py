"""Engines: which URLs work, and how transactions behave."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from backend import db
from otel_bridge.errors import ConfigurationError


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("postgres://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
        (
            "postgresql://u@h:5433/d?sslmode=require",
            "postgresql+psycopg://u@h:5433/d?sslmode=require",
        ),
        ("postgresql+psycopg://h/d", "postgresql+psycopg://h/d"),
        ("sqlite:///a.db", "sqlite+pysqlite:///a.db"),
        ("sqlite:////tmp/a.db", "sqlite+pysqlite:////tmp/a.db"),
    ],
)
def test_plain_urls_get_their_driver(given: str, expected: str) -> None:
    assert db.database_url(given).render_as_string(hide_password=False) == expected


@pytest.mark.parametrize("url", ["mysql://h/d", "nonsense", "", "postgresql+asyncpg://h/d"])
def test_other_urls_are_refused_with_a_sentence(url: str) -> None:
    with pytest.raises(ConfigurationError, match="DATABASE_URL"):
        db.database_url(url)


def test_a_sqlite_file_syncs_its_log_and_checks_its_keys(tmp_path: Path) -> None:
    engine = db.engine_for(f"sqlite:///{tmp_path}/a.db")
    pragmas = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
    with engine.connect() as connection:
        values = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in pragmas]
    engine.dispose()
    assert values == ["wal", 2, 1, db.LOCK_TIMEOUT_MS]


def test_a_writer_takes_the_lock_when_it_begins(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/a.db"
    one, other = db.engine_for(url), db.engine_for(url)
    with db.for_writing(one).begin(), other.connect() as reader:
        reader.exec_driver_sql("PRAGMA busy_timeout = 0")
        assert reader.scalar(text("SELECT 1")) == 1
        with pytest.raises(OperationalError, match="locked"):
            reader.exec_driver_sql("CREATE TABLE t (x)")
    one.dispose()
    other.dispose()


def test_a_writer_finds_its_turn_among_others_that_take_the_lock_again_and_again(
    tmp_path: Path,
) -> None:
    url = f"sqlite:///{tmp_path}/a.db"
    busy, other = db.engine_for(url), db.engine_for(url)
    is_taken, is_over = threading.Event(), threading.Event()

    def keep_busy() -> None:
        while not is_over.is_set():
            with db.for_writing(busy).begin():
                is_taken.set()
                is_over.wait(0.02)
            # What a server does between two batches.
            is_over.wait(0.002)

    with busy.connect(), other.connect():
        thread = threading.Thread(target=keep_busy, daemon=True)
    thread.start()
    waits_s = []
    for _ in range(10):
        is_taken.clear()
        assert is_taken.wait(10)
        started = time.monotonic()
        with db.for_writing(other).begin():
            waits_s.append(time.monotonic() - started)
    is_over.set()
    thread.join()
    busy.dispose()
    other.dispose()
    # SQLite's own waiting looks every 100 ms, and seldom at the right moment.
    assert max(waits_s) < 1


def test_foreign_keys_hold_on_both_databases(database_url: str) -> None:
    engine = db.engine_for(database_url)
    with pytest.raises(IntegrityError), db.for_writing(engine).begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO agents (user_id, name, description, is_derived, created_us)"
            " VALUES (99, 'a', '', false, 0)"
        )
    engine.dispose()


def test_an_error_does_not_tell_what_was_sent(database_url: str) -> None:
    engine = db.engine_for(database_url)
    with pytest.raises(DBAPIError) as raised, engine.connect() as connection:
        connection.execute(text("SELECT :secret FROM nowhere"), {"secret": "s3cr3t"})
    engine.dispose()
    assert "s3cr3t" not in str(raised.value)


def test_a_connection_to_postgresql_has_a_name_and_limits(database_url: str) -> None:
    if database_url.startswith("sqlite"):
        return
    engine = db.engine_for(database_url, statement_timeout_ms=1500)
    names = ("application_name", "statement_timeout", "idle_in_transaction_session_timeout")
    with engine.connect() as connection:
        told = [connection.exec_driver_sql(f"SHOW {name}").scalar() for name in names]
    engine.dispose()
    assert told == ["otel-bridge", "1500ms", "1min"]


def test_sqlite_syncs_as_it_is_told(tmp_path: Path) -> None:
    engine = db.engine_for(f"sqlite:///{tmp_path}/a.db", sqlite_synchronous="normal")
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 1
    engine.dispose()
