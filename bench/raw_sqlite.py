"""The raw limit of SQLite: `executemany` of Python's own driver."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from bench.raw import EVENTS, POINTED_TO, RawInsert, Row, timed
from tests.databases import SqliteDatabases

#: The settings with which the server writes.
_SETTINGS = (
    "journal_mode = WAL",
    "synchronous = FULL",
    "foreign_keys = ON",
    "wal_autocheckpoint = 4000",
    "cache_size = -8192",
)

_NO_CONFLICT = "ON CONFLICT DO NOTHING"
#: Coping with conflicts costs next to nothing here, so that either is the limit.
_FORMS = {"executemany": "", f"executemany, {_NO_CONFLICT}": _NO_CONFLICT}


def sqlite_inserts(databases: SqliteDatabases, source_url: str, *, at_most: int) -> list[RawInsert]:
    """Return how fast the events of a database go into fresh ones."""
    with _connected(source_url) as source:
        others = {table: _read(source, table) for table in POINTED_TO}
        columns, rows = _read(source, EVENTS, at_most)
    inserts = []
    for form, conflict in _FORMS.items():
        with databases.migrated() as url, _connected(url) as target:
            for table, (names, pointed_to) in others.items():
                _inserting(target, table, names)(pointed_to)
            insert = _inserting(target, EVENTS, columns, conflict)
            inserts.append(timed(form, insert, rows, is_limit=True, copes=bool(conflict)))
    return inserts


@contextmanager
def _connected(url: str) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    try:
        for setting in _SETTINGS:
            connection.execute(f"PRAGMA {setting}")
        yield connection
    finally:
        connection.close()


def _read(
    connection: sqlite3.Connection, table: str, at_most: int = -1
) -> tuple[list[str], list[Row]]:
    cursor = connection.execute(f"SELECT * FROM {table} LIMIT {at_most}")  # noqa: S608 (our own names)
    return [column[0] for column in cursor.description], cursor.fetchall()


def _inserting(
    connection: sqlite3.Connection, table: str, columns: Sequence[str], conflict: str = ""
) -> Callable[[Sequence[Row]], None]:
    marks = ", ".join("?" * len(columns))
    statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks}) {conflict}"  # noqa: S608 (as above)

    def insert(rows: Sequence[Row]) -> None:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(statement, rows)
        connection.execute("COMMIT")

    return insert
