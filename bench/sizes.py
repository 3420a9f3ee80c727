"""What a database takes on the disk: the events, their indexes, and everything else."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg.rows import class_row

from bench.raw import EVENTS


@dataclass(frozen=True, slots=True)
class Sizes:
    """Bytes."""

    events: int
    indexes: int
    total: int

    @property
    def others(self) -> int:
        """What is neither an event nor an index of them: roll-ups, runs, links."""
        return self.total - self.events - self.indexes


def sizes_of(url: str) -> Sizes:
    """Return what the database takes once its log is written into it."""
    return _sqlite_sizes(url) if url.startswith("sqlite") else _postgresql_sizes(url)


def _sqlite_sizes(url: str) -> Sizes:
    file = Path(url.removeprefix("sqlite:///"))
    connection = sqlite3.connect(file, isolation_level=None)
    try:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        found = connection.execute(
            "SELECT type, sum(pgsize) FROM dbstat JOIN sqlite_schema USING (name)"
            " WHERE tbl_name LIKE ? GROUP BY type",
            (f"{EVENTS}%",),
        )
        by_type = dict(found.fetchall())
    finally:
        connection.close()
    wal = file.with_name(f"{file.name}-wal")
    total = file.stat().st_size + (wal.stat().st_size if wal.exists() else 0)
    return Sizes(by_type["table"], by_type["index"], total)


def _postgresql_sizes(url: str) -> Sizes:
    with psycopg.connect(url) as connection:
        cursor = connection.cursor(row_factory=class_row(Sizes))
        return cursor.execute(
            "SELECT sum(pg_table_size(oid)) FILTER (WHERE is_events)::bigint AS events,"
            " sum(pg_indexes_size(oid)) FILTER (WHERE is_events)::bigint AS indexes,"
            " sum(pg_total_relation_size(oid))::bigint AS total"
            " FROM (SELECT oid, relname LIKE %s AS is_events FROM pg_class"
            " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace) AS tables",
            (f"{EVENTS}%",),
        ).fetchall()[0]
