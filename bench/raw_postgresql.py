"""The raw limit of PostgreSQL: every bulk form that psycopg has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import psycopg

from bench.raw import EVENTS, POINTED_TO, RawInsert, Row, timed
from tests.databases import PostgresqlDatabases

_NO_CONFLICT = "ON CONFLICT DO NOTHING"


@dataclass(frozen=True, slots=True)
class _Target:
    """A table to insert into."""

    connection: psycopg.Connection[Any]
    table: str
    columns: Sequence[str]
    #: The types of the columns, as PostgreSQL writes them.
    types: Sequence[str]

    @property
    def names(self) -> str:
        return ", ".join(self.columns)

    def run(self, statement: str) -> None:
        self.connection.execute(statement.encode())


def postgresql_inserts(
    databases: PostgresqlDatabases, source_url: str, *, pid: int, at_most: int
) -> list[RawInsert]:
    """Return how fast the events of a database go into fresh ones, by each form."""
    with psycopg.connect(source_url) as source:
        others = {table: _read(source, table) for table in POINTED_TO}
        columns, rows = _read(source, EVENTS, at_most)
        types = _types(source, EVENTS, columns)
    inserts = []
    for form, (insert, prepare) in _FORMS.items():
        with databases.migrated() as url, psycopg.connect(url, autocommit=True) as connection:
            for table, (names, pointed_to) in others.items():
                _executemany(_Target(connection, table, names, ()), pointed_to)
            target = _Target(connection, EVENTS, columns, types)
            if prepare:
                target.run(prepare)
            is_limit, copes = form.startswith("executemany"), _NO_CONFLICT in form
            inserts.append(
                timed(
                    form,
                    partial(insert, target),
                    rows,
                    pids=(pid,),
                    is_limit=is_limit,
                    copes=copes,
                )
            )
    return inserts


def _read(
    connection: psycopg.Connection[Any], table: str, at_most: int | None = None
) -> tuple[list[str], list[Row]]:
    limit = "" if at_most is None else f" LIMIT {at_most}"
    cursor = connection.execute(f"SELECT * FROM {table}{limit}".encode())  # noqa: S608 (our own names)
    return [column.name for column in cursor.description or ()], cursor.fetchall()


def _types(connection: psycopg.Connection[Any], table: str, columns: Sequence[str]) -> list[str]:
    found = dict(
        connection.execute(
            "SELECT attname, atttypid::regtype::text FROM pg_attribute"
            " WHERE attrelid = %s::regclass AND attnum > 0",
            (table,),
        ).fetchall()
    )
    return [found[name] for name in columns]


def _executemany(target: _Target, rows: Sequence[Row], end: str = "") -> None:
    marks = ", ".join(["%s"] * len(target.columns))
    statement = f"INSERT INTO {target.table} ({target.names}) VALUES ({marks}) {end}"  # noqa: S608 (as above)
    with target.connection.transaction(), target.connection.cursor() as cursor:
        cursor.executemany(statement.encode(), rows)


def _executemany_no_conflict(target: _Target, rows: Sequence[Row]) -> None:
    _executemany(target, rows, _NO_CONFLICT)


def _copy(target: _Target, rows: Sequence[Row], table: str, *, is_binary: bool) -> None:
    how = "(FORMAT binary)" if is_binary else ""
    statement = f"COPY {table} ({target.names}) FROM STDIN {how}"
    with target.connection.cursor() as cursor, cursor.copy(statement.encode()) as copy:
        if is_binary:
            copy.set_types(target.types)
        for row in rows:
            copy.write_row(row)


def _copy_text(target: _Target, rows: Sequence[Row]) -> None:
    _copy(target, rows, target.table, is_binary=False)


def _copy_binary(target: _Target, rows: Sequence[Row]) -> None:
    _copy(target, rows, target.table, is_binary=True)


_INCOMING = f"CREATE TEMPORARY TABLE incoming (LIKE {EVENTS}) ON COMMIT DELETE ROWS"


def _copy_and_select(target: _Target, rows: Sequence[Row]) -> None:
    names = target.names
    with target.connection.transaction():
        _copy(target, rows, "incoming", is_binary=True)
        target.run(
            f"INSERT INTO {target.table} ({names}) SELECT {names} FROM incoming {_NO_CONFLICT}"  # noqa: S608 (as above)
        )


def _unnest(target: _Target, rows: Sequence[Row]) -> None:
    arrays = ", ".join(f"%b::{name}[]" for name in target.types)
    statement = (
        f"INSERT INTO {target.table} ({target.names})"  # noqa: S608 (as above)
        f" SELECT * FROM unnest({arrays}) {_NO_CONFLICT}"
    )
    columns = [list(column) for column in zip(*rows, strict=True)]
    with target.connection.transaction():
        target.connection.execute(statement.encode(), columns)


#: Each with what it needs beforehand.
_FORMS: dict[str, tuple[Callable[[_Target, Sequence[Row]], None], str]] = {
    "executemany": (_executemany, ""),
    "COPY": (_copy_text, ""),
    "COPY (binary)": (_copy_binary, ""),
    f"executemany, {_NO_CONFLICT}": (_executemany_no_conflict, ""),
    f"COPY to temporary, SELECT, {_NO_CONFLICT}": (_copy_and_select, _INCOMING),
    f"unnest of binary arrays, {_NO_CONFLICT}": (_unnest, ""),
}
