"""Many new rows of one table in few statements: the fastest form that each database has."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Engine, Table

#: Rows of one statement, the largest first. SQLite lets other threads of the process run while a
#: statement does, and each return waits for them: a batch must not return for every row.
_SIZES = (256, 64, 16, 4, 1)
#: SQLite's own limit of parameters, which many builds raise.
_MAX_PARAMETERS = 32_766


class BulkInsert(ABC):
    """Inserts rows of a table, given as tuples of these columns."""

    @classmethod
    def of(cls, engine: Engine, table: Table, columns: Sequence[str]) -> BulkInsert:
        """Return the form for the engine's driver."""
        form = ManyRows if engine.dialect.name == "sqlite" else Copy
        return form(table.name, columns)

    @abstractmethod
    def write(self, connection: Connection, rows: Sequence[Sequence[Any]]) -> None:
        """Insert the rows; raises what the driver raises, and then none of them is there."""


class ManyRows(BulkInsert):
    """SQLite: statements of many rows."""

    def __init__(self, table: str, columns: Sequence[str]) -> None:
        self._head = f"INSERT INTO {table} ({', '.join(columns)}) VALUES "  # noqa: S608 (our own names)
        self._row = f"({', '.join('?' * len(columns))})"
        self._sizes = [size for size in _SIZES if size * len(columns) <= _MAX_PARAMETERS]
        # One text for each size, so that the driver finds the statement that it has prepared.
        self._statement = cache(lambda size: self._head + ", ".join([self._row] * size))

    def write(self, connection: Connection, rows: Sequence[Sequence[Any]]) -> None:
        """Insert the rows in the largest statements that they fill."""
        for part in self._parts(rows):
            values = tuple(chain.from_iterable(part))
            connection.exec_driver_sql(self._statement(len(part)), values)

    def _parts(self, rows: Sequence[Sequence[Any]]) -> Iterator[Sequence[Sequence[Any]]]:
        start = 0
        for size in self._sizes:
            while len(rows) - start >= size:
                yield rows[start : start + size]
                start += size


class Copy(BulkInsert):
    """PostgreSQL: the COPY protocol."""

    def __init__(self, table: str, columns: Sequence[str]) -> None:
        self._statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN"

    def write(self, connection: Connection, rows: Sequence[Sequence[Any]]) -> None:
        """Send the rows as one stream."""
        driver: Any = connection.connection.driver_connection
        with driver.cursor() as cursor, cursor.copy(self._statement) as copy:
            for row in rows:
                copy.write_row(row)
