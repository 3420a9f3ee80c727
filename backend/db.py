"""Engines for SQLite and PostgreSQL, and the schema's version."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError

from otel_bridge.errors import ConfigurationError

# Alembic is imported where it is needed: the server only reads the version, and saves its memory.
if TYPE_CHECKING:
    from alembic.config import Config

    from backend.settings import Settings

#: How long a writer waits for another one before the caller is told to come back.
LOCK_TIMEOUT_MS = 5_000
#: How often a writer looks whether another process has let the file go.
_LOOK_AGAIN_S = 0.0005
#: A worker has six threads and two jobs, and each holds one connection at a time.
_POOL_SIZE = 8
_POOL_OVERFLOW = 4
_POOL_TIMEOUT_S = 5
#: Times that a connection runs a statement before the server keeps its plan.
_PREPARED_AFTER = 5
#: No transaction of ours waits between two statements; one that does has lost its process.
_IDLE_TIMEOUT_MS = 60_000

_MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"

# WAL: readers and the writer do not wait for each other.
_SQLITE_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA foreign_keys = ON",
    # What is deleted is overwritten, prompts above all: deleting costs a third more, nothing else.
    "PRAGMA secure_delete = ON",
    f"PRAGMA busy_timeout = {LOCK_TIMEOUT_MS}",
    "PRAGMA temp_store = MEMORY",
    # 16 MiB of log between two checkpoints: a page that several batches write is copied once. What
    # a long reader made it grow beyond that is cut off again.
    "PRAGMA wal_autocheckpoint = 4000",
    "PRAGMA journal_size_limit = 67108864",
    # Per connection. Less costs CPU at ingestion, more gains nothing that was measured.
    "PRAGMA cache_size = -8192",
)


def database_url(text: str) -> URL:
    """Return the URL with its driver: psycopg for `postgres://` and `postgresql://`.

    Raises `ConfigurationError` for what is neither SQLite nor PostgreSQL.
    """
    try:
        url = make_url(text)
    except (ArgumentError, ValueError) as error:
        raise ConfigurationError(
            "DATABASE_URL is not a database URL; write for example sqlite:///otel-bridge.db"
            " or postgresql://user:password@host/name"
        ) from error
    if url.drivername in ("postgres", "postgresql", "postgresql+psycopg"):
        return url.set(drivername="postgresql+psycopg")
    if url.drivername in ("sqlite", "sqlite+pysqlite"):
        return url.set(drivername="sqlite+pysqlite")
    raise ConfigurationError(
        f"DATABASE_URL starts with {url.drivername}://; only sqlite:// and postgresql:// work"
    )


def engine_of(settings: Settings) -> Engine:
    """Return the engine of a server or command that runs with these settings."""
    return engine_for(
        settings.database_url,
        sqlite_synchronous=settings.sqlite_synchronous,
        statement_timeout_ms=settings.statement_timeout_ms,
        prepares=settings.prepared_statements,
    )


def engine_for(
    url: str,
    *,
    sqlite_synchronous: str = "full",
    statement_timeout_ms: int = 0,
    prepares: bool = True,
) -> Engine:
    """Return an engine whose transactions behave alike on both databases.

    On SQLite `engine.begin()` and sessions take a deferred transaction: right for reading. Whoever
    writes uses `for_writing(engine)`. A statement of PostgreSQL may take `statement_timeout_ms` (0
    is no limit), and is prepared by the server when it is used often, if `prepares`.
    """
    parsed = database_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite_engine(parsed, synchronous=sqlite_synchronous)
    return create_engine(
        parsed,
        # An error goes to logs; what people sent must not.
        hide_parameters=True,
        # An owner's writers wait for an advisory lock; what they read next must be what the last
        # one committed, so every statement needs a snapshot of its own.
        isolation_level="READ COMMITTED",
        pool_pre_ping=True,
        pool_size=_POOL_SIZE,
        max_overflow=_POOL_OVERFLOW,
        pool_timeout=_POOL_TIMEOUT_S,
        pool_recycle=1800,
        connect_args=_postgresql_arguments(statement_timeout_ms, prepares=prepares),
    )


def _postgresql_arguments(statement_timeout_ms: int, *, prepares: bool) -> dict[str, Any]:
    """Return what the driver is given: a peer that is gone is noticed within a minute."""
    limits = {
        "statement_timeout": statement_timeout_ms,
        "idle_in_transaction_session_timeout": _IDLE_TIMEOUT_MS,
    }
    return {
        "connect_timeout": 5,
        "application_name": "otel-bridge",
        "options": " ".join(f"-c {name}={value_ms}" for name, value_ms in limits.items()),
        "prepare_threshold": _PREPARED_AFTER if prepares else None,
        "keepalives": 1,
        "keepalives_idle": 30,
        "keepalives_interval": 10,
        "keepalives_count": 3,
    }


def for_writing(engine: Engine) -> Engine:
    """Return the same engine (same pool) for transactions that write.

    SQLite then takes the write lock when the transaction begins, and waits for it: a transaction
    that has read first fails at once when another one wrote in between. PostgreSQL is not touched.
    """
    return engine.execution_options(sqlite_begin="IMMEDIATE")


def _sqlite_engine(url: URL, *, synchronous: str) -> Engine:
    pragmas = (*_SQLITE_PRAGMAS, f"PRAGMA synchronous = {synchronous}")

    def on_connect(connection: Any, _record: Any) -> None:
        # The driver would begin transactions by itself, and only before the first write.
        connection.isolation_level = None
        for pragma in pragmas:
            connection.execute(pragma)

    engine = create_engine(
        url,
        hide_parameters=True,
        pool_size=_POOL_SIZE,
        max_overflow=_POOL_OVERFLOW,
        pool_timeout=_POOL_TIMEOUT_S,
        # The connection that wrote last has the pages that are written next in its cache.
        pool_use_lifo=True,
        connect_args={"timeout": LOCK_TIMEOUT_MS / 1000},
    )
    event.listen(engine, "connect", on_connect)
    event.listen(engine, "begin", _on_sqlite_begin)
    return engine


def _on_sqlite_begin(connection: Connection) -> None:
    if connection.get_execution_options().get("sqlite_begin") == "IMMEDIATE":
        _begin_writing(connection)
    else:
        connection.exec_driver_sql("BEGIN DEFERRED")


def _begin_writing(connection: Connection) -> None:
    """Begin as soon as no other process writes; raises what the driver raises after a while.

    SQLite's own waiting sleeps longer and longer, up to 100 ms, and misses many a short pause.
    """
    driver: Any = connection.connection.driver_connection
    deadline = time.monotonic() + LOCK_TIMEOUT_MS / 1000
    driver.execute("PRAGMA busy_timeout = 0")
    try:
        while time.monotonic() < deadline and _is_busy(driver):
            time.sleep(_LOOK_AGAIN_S)
        if not driver.in_transaction:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
    finally:
        driver.execute(f"PRAGMA busy_timeout = {LOCK_TIMEOUT_MS}")


def _is_busy(driver: sqlite3.Connection) -> bool:
    """Begin, unless another process writes or something is wrong; return whether one writes."""
    try:
        driver.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        return error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
    return False


def upgrade(url: str, *, revision: str = "head") -> None:
    """Bring the schema to `revision`; several processes may do so at once."""
    from alembic import command  # noqa: PLC0415 (see above)

    _make_file(database_url(url))
    with _migrating(url) as config:
        command.upgrade(config, revision)


def _make_file(url: URL) -> None:
    """Make a new SQLite file one that can shrink: that is decided before its first page."""
    if url.get_backend_name() != "sqlite" or not url.database:
        return
    with closing(sqlite3.connect(url.database, timeout=LOCK_TIMEOUT_MS / 1000)) as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        if not pages:
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
            connection.execute("PRAGMA journal_mode = WAL")


def downgrade(url: str, *, revision: str) -> None:
    """Take the schema back to `revision`; `base` removes every table and its data."""
    from alembic import command  # noqa: PLC0415 (see above)

    with _migrating(url) as config:
        command.downgrade(config, revision)


def current(url: str) -> str | None:
    """Return the revision of the database, None for an empty one."""
    from alembic.migration import MigrationContext  # noqa: PLC0415 (see above)

    engine = engine_for(url)
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()


def pending(url: str) -> list[str]:
    """Return the revisions that the database lacks, oldest first.

    Raises `ConfigurationError` for a database that a newer version has migrated.
    """
    from alembic.script import ScriptDirectory  # noqa: PLC0415 (see above)

    scripts = ScriptDirectory.from_config(_config())
    known = [script.revision for script in scripts.walk_revisions()][::-1]
    at = current(url)
    if at is not None and at not in known:
        raise ConfigurationError(
            f"the database has revision {at}, which this version does not know:"
            " run the version that migrated it, or a newer one"
        )
    return known if at is None else known[known.index(at) + 1 :]


def _config() -> Config:
    from alembic.config import Config  # noqa: PLC0415 (see above)

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


@contextmanager
def _migrating(url: str) -> Iterator[Config]:
    engine = for_writing(engine_for(url))
    config = _config()
    config.attributes["engine"] = engine
    try:
        yield config
    finally:
        engine.dispose()
