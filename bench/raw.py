"""The limit: the same rows inserted by the database's own driver, with nothing around it."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import psycopg

_ROWS_PER_TRANSACTION = 1000
#: The rows of other tables that events point to.
_POINTED_TO = ("users", "agents")

Row = Sequence[Any]


@dataclass(frozen=True, slots=True)
class RawInsert:
    """How long the driver took for so many rows; `cpu_s` is this process's share of it."""

    rows: int
    seconds: float
    cpu_s: float
    durability: str


class Database(Protocol):
    """A connection of a driver, as far as a copy needs it."""

    def durability(self) -> str:
        """Return what a commit waits for, in the database's own words."""

    def read(self, table: str) -> tuple[list[str], list[Row]]:
        """Return the names of the columns and all rows."""

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Insert the rows and commit, as durably as the server does."""

    def close(self) -> None:
        """Close the connection."""


class SqliteDatabase:
    """A file, under the settings with which the server writes: WAL, full synchronization."""

    def __init__(self, url: str) -> None:
        self._connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        for setting in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            self._connection.execute(f"PRAGMA {setting}")

    def durability(self) -> str:
        """Return what a commit waits for."""
        return "journal_mode=WAL, synchronous=FULL"

    def read(self, table: str) -> tuple[list[str], list[Row]]:
        """Return the names of the columns and all rows."""
        cursor = self._connection.execute(f"SELECT * FROM {table}")  # noqa: S608 - our own names
        return [column[0] for column in cursor.description], cursor.fetchall()

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Insert the rows in one transaction."""
        marks = ", ".join("?" * len(columns))
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany(
            f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})",  # noqa: S608 - as above
            rows,
        )
        self._connection.execute("COMMIT")

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


class PostgresqlDatabase:
    """A database of a server; `executemany` sends the rows of a batch in one go."""

    def __init__(self, url: str) -> None:
        self._connection: psycopg.Connection[Any] = psycopg.connect(url, autocommit=True)

    def durability(self) -> str:
        """Return what a commit waits for; the embedded server of the tests has fsync off."""
        shown = {
            name: (self._connection.execute(f"SHOW {name}").fetchone() or ("?",))[0]
            for name in ("fsync", "synchronous_commit")
        }
        return ", ".join(f"{name}={value}" for name, value in shown.items())

    def read(self, table: str) -> tuple[list[str], list[Row]]:
        """Return the names of the columns and all rows."""
        cursor = self._connection.execute(f"SELECT * FROM {table}")  # noqa: S608 - our own names
        return [column.name for column in cursor.description or ()], cursor.fetchall()

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Insert the rows in one transaction."""
        marks = ", ".join(["%s"] * len(columns))
        with self._connection.transaction(), self._connection.cursor() as cursor:
            cursor.executemany(
                f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})",  # noqa: S608 - as above
                rows,
            )

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def database(url: str) -> Database:
    """Return a connection to the database at `url`."""
    return SqliteDatabase(url) if url.startswith("sqlite") else PostgresqlDatabase(url)


def copy_events(source_url: str, target_url: str, *, at_most: int) -> RawInsert:
    """Insert the events of one database into another, which has the tables and no rows."""
    source, target = database(source_url), database(target_url)
    try:
        for table in _POINTED_TO:
            columns, rows = source.read(table)
            target.insert(table, columns, rows)
        columns, rows = source.read("obs_events")
        return _timed(target, columns, rows[:at_most])
    finally:
        source.close()
        target.close()


def _timed(target: Database, columns: Sequence[str], rows: Sequence[Row]) -> RawInsert:
    started_s, cpu_started_s = time.monotonic(), time.process_time()
    for batch in _batches(rows):
        target.insert("obs_events", columns, batch)
    cpu_s = time.process_time() - cpu_started_s
    seconds = time.monotonic() - started_s
    return RawInsert(len(rows), seconds, cpu_s, target.durability())


def _batches(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    for start in range(0, len(rows), _ROWS_PER_TRANSACTION):
        yield rows[start : start + _ROWS_PER_TRANSACTION]
