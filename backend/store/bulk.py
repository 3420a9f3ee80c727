"""Many rows of one table in few statements: the fastest form that each database has."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Engine, Table

from backend.store.arrays import array_literals, arrays_of

#: Rows of one statement, the largest first. SQLite lets other threads of the process run while a
#: statement does, and each return waits for them: a batch must not return for every row.
_SIZES = (256, 64, 16, 4, 1)
#: SQLite's own limit of parameters, which many builds raise.
_MAX_PARAMETERS = 32_766


class BulkInsert(ABC):
    """Inserts rows of a table, given as tuples of these columns."""

    @classmethod
    def of(
        cls, engine: Engine, table: Table, columns: Sequence[str], *, on_conflict: str = ""
    ) -> BulkInsert:
        """Return the form for the engine's driver; `on_conflict` is the clause of that name."""
        if engine.dialect.name == "sqlite":
            return ManyRows(table.name, columns, on_conflict)
        if not on_conflict:
            return Copy(table.name, columns)
        return Arrays(table, columns, on_conflict)

    @abstractmethod
    def write(self, connection: Connection, rows: Sequence[Sequence[Any]]) -> None:
        """Insert the rows; raises what the driver raises, and then none of them is there."""


class ManyRows(BulkInsert):
    """SQLite: statements of many rows."""

    def __init__(self, table: str, columns: Sequence[str], on_conflict: str) -> None:
        head = f"INSERT INTO {table} ({', '.join(columns)}) VALUES "  # noqa: S608 (our own names)
        row = f"({', '.join('?' * len(columns))})"
        self._sizes = [size for size in _SIZES if size * len(columns) <= _MAX_PARAMETERS]
        # One text for each size, so that the driver finds the statement that it has prepared.
        self._statement = cache(lambda size: head + ", ".join([row] * size) + on_conflict)

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
    """PostgreSQL, for rows that are new: the COPY protocol."""

    def __init__(self, table: str, columns: Sequence[str]) -> None:
        self._statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN"

    def write(self, connection: Connection, rows: Sequence[Sequence[Any]]) -> None:
        """Send the rows as one stream."""
        driver: Any = connection.connection.driver_connection
        with driver.cursor() as cursor, cursor.copy(self._statement) as copy:
            for row in rows:
                copy.write_row(row)


class Arrays(BulkInsert):
    """PostgreSQL, for rows that may be there: one statement, to which each column is an array."""

    def __init__(self, table: Table, columns: Sequence[str], on_conflict: str) -> None:
        names = ", ".join(columns)
        arrays = arrays_of(table.columns[name] for name in columns)
        self._statement = f"INSERT INTO {table.name} ({names}) SELECT * FROM {arrays}{on_conflict}"  # noqa: S608 (our own names)

    def write(self, connection: Connection, rows: Sequence[Sequence[Any]]) -> None:
        """Send the rows in their order."""
        connection.exec_driver_sql(self._statement, array_literals(rows))
