"""Whether the sums are what the raw events say: read, compared, and nothing written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, Engine, func, select

from backend.models import EventRow, LatencyRollup, Rollup, User, WarningRollup
from backend.store.rollups import Deltas
from backend.store.rows import select_rows, stored_row
from backend.store.windows import DAY_US, Window, day_of_number

_Table = type[Rollup] | type[LatencyRollup] | type[WarningRollup]


@dataclass(frozen=True, slots=True)
class Audited:
    """One owner's UTC day: how many of its sums are there, and how many of them are wrong."""

    owner_id: int
    day: date
    sums: int
    wrong: int


def audit(engine: Engine, *, since_us: int = 0) -> Iterator[Audited]:
    """Yield every day with events or sums, of every owner, oldest first.

    A day is read in one snapshot, so ingestion may go on. Days whose raw events are not complete
    any more are left out: their sums cannot be checked.
    """
    snapshots = _with_snapshots(engine)
    with snapshots.connect() as connection:
        owners = connection.execute(select(User.id, User.raw_since_us).order_by(User.id)).all()
    for owner_id, raw_since_us in owners:
        first_us = max(since_us, raw_since_us or 0)
        with snapshots.connect() as connection:
            window = _times_of(connection, owner_id, first_us)
        for start_us in range(window.start_us or 0, window.end_us or 0, DAY_US):
            day = Window(max(start_us, first_us), start_us + DAY_US)
            with snapshots.connect() as connection:
                yield _audit_day(connection, owner_id, day)


def _with_snapshots(engine: Engine) -> Engine:
    """Return the engine for transactions in which every statement sees the same state."""
    if engine.dialect.name == "sqlite":
        return engine
    return engine.execution_options(isolation_level="REPEATABLE READ")


def _times_of(connection: Connection, owner_id: int, first_us: int) -> Window:
    """Return the UTC days from the owner's first event or sum, not before a time, to the last."""
    times = [
        time_us
        for of, column in ((EventRow, EventRow.created_us), (Rollup, Rollup.bucket_us))
        for edge in (func.min, func.max)
        if (
            time_us := connection.scalar(
                select(edge(column)).where(of.user_id == owner_id, column >= first_us)
            )
        )
        is not None
    ]
    if not times:
        return Window(0, 0)
    return Window(min(times) // DAY_US * DAY_US, max(times) + 1)


def _audit_day(connection: Connection, owner_id: int, window: Window) -> Audited:
    deltas = _computed(connection, owner_id, window)
    tables: Sequence[tuple[_Table, Mapping[Any, list[int]]]] = (
        (Rollup, deltas.sums),
        (LatencyRollup, {key: [n] for key, n in deltas.latencies.items()}),
        (WarningRollup, {key: [n] for key, n in deltas.warnings.items()}),
    )
    sums = wrong = 0
    for table, computed in tables:
        stored = _stored(connection, owner_id, window, table)
        sums += len(stored)
        wrong += sum(
            computed.get(key) != stored.get(key) for key in computed.keys() | stored.keys()
        )
    return Audited(owner_id, day_of_number((window.start_us or 0) // DAY_US), sums, wrong)


def _stored(
    connection: Connection, owner_id: int, window: Window, table: _Table
) -> Mapping[Any, list[int]]:
    """Return the stored sums of a table by their key within the owner."""
    columns = [column for column in table.__table__.c if column.name != "user_id"]
    width = sum(column.primary_key for column in columns)
    found = connection.execute(
        select(*columns).where(table.user_id == owner_id, *window.holds(table.bucket_us))
    )
    return {tuple(values[:width]): list(values[width:]) for values in found}


def _computed(connection: Connection, owner_id: int, window: Window) -> Deltas:
    deltas = Deltas()
    found = connection.execute(
        select_rows().where(EventRow.user_id == owner_id, *window.holds(EventRow.created_us)),
        execution_options={"yield_per": 2000},
    )
    for values in found:
        row = stored_row(values)
        if row.placement is not None:
            deltas.add(row, row.placement)
    return deltas
