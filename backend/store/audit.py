"""Whether the sums are what the raw events say: read, compared, and nothing written."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, Engine, func, select

from backend.models import EventRow, Rollup, User, WarningRollup
from backend.store.calendars import Calendar
from backend.store.cells import Cell, Cells, WarningKey
from backend.store.levels import DAYS, FOLDED, QUARTERS
from backend.store.raw import cells_of, warnings_of
from backend.store.rebuild import stored_cells
from backend.store.rollups import folded, folded_warnings
from backend.store.windows import Span, day_at
from backend.store.zones import zone_of


@dataclass(frozen=True, slots=True)
class Audited:
    """One local day of an owner: how many of its sums are there, and how many of them are wrong."""

    owner_id: int
    day: date
    sums: int
    wrong: int


def audit(engine: Engine, *, since_us: int = 0) -> Iterator[Audited]:
    """Yield every day with events or sums, of every owner, oldest first.

    A day is read in one snapshot, so ingestion may go on. Sums of quarter-hours whose raw events
    are not complete any more are left out: they cannot be checked.
    """
    snapshots = _with_snapshots(engine)
    with snapshots.connect() as connection:
        owners = connection.execute(select(User.id, User.raw_since_us).order_by(User.id)).all()
    for owner_id, raw_since_us in owners:
        first_us = max(since_us, raw_since_us or 0)
        with snapshots.connect() as connection:
            calendar = Calendar(zone_of(connection, owner_id))
            window = _times_of(connection, owner_id, first_us)
        start_us = calendar.start_of("day", window.start_us)
        while start_us < window.end_us:
            day = calendar.piece("day", start_us)
            with snapshots.connect() as connection:
                yield _audit_day(connection, owner_id, day, first_us=first_us)
            start_us = day.end_us


def _with_snapshots(engine: Engine) -> Engine:
    """Return the engine for transactions in which every statement sees the same state."""
    if engine.dialect.name == "sqlite":
        return engine
    return engine.execution_options(isolation_level="REPEATABLE READ")


def _times_of(connection: Connection, owner_id: int, first_us: int) -> Span:
    """Return when the owner has events or sums, not before a time."""
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
        return Span(0, 0)
    return Span(min(times), max(times) + 1)


def _audit_day(connection: Connection, owner_id: int, day: Span, *, first_us: int) -> Audited:
    """Compare the quarter-hours with the events, and the hours and days with the quarter-hours."""
    calendar = Calendar(zone_of(connection, owner_id))
    quarters, coarser = _stored(connection, owner_id, day)
    known = {key: cell for key, cell in quarters.items() if key.bucket_us >= first_us}
    complete = Span(max(day.start_us, first_us), day.end_us)
    of_owner = [EventRow.user_id == owner_id, *complete.holds(EventRow.created_us)]
    levels = folded(quarters, calendar)
    wrong = _differing(cells_of(connection, of_owner), known) + sum(
        _differing(levels[level], coarser[level.number]) for level in FOLDED
    )
    counts, days = _stored_warnings(connection, owner_id, day)
    seen = Counter({key: n for key, n in counts.items() if key.bucket_us >= first_us})
    wrong += _unequal(warnings_of(connection, of_owner), seen)
    wrong += _unequal(folded_warnings(counts, DAYS, calendar), days)
    sums = len(quarters) + sum(map(len, coarser.values())) + len(counts) + len(days)
    return Audited(owner_id, day_at(day.start_us, calendar.zone), sums, wrong)


def _differing(told: Cells, stored: Cells) -> int:
    """Return how many cells are not what they should be."""
    return _unequal(
        {key: _shown(cell) for key, cell in told.items()},
        {key: _shown(cell) for key, cell in stored.items()},
    )


def _unequal(told: Mapping[Any, Any], stored: Mapping[Any, Any]) -> int:
    return sum(told.get(key) != stored.get(key) for key in told.keys() | stored.keys())


def _shown(cell: Cell) -> tuple[object, ...]:
    return (tuple(cell.sums), cell.newest_us, cell.latencies)


def _stored(connection: Connection, owner_id: int, day: Span) -> tuple[Cells, Mapping[int, Cells]]:
    """Return the stored quarter-hours of a day, and its hours and days by their level."""
    table = Rollup.__table__
    rows: defaultdict[int, list[Sequence[Any]]] = defaultdict(list)
    for row in connection.execute(
        select(*table.c).where(table.c.user_id == owner_id, *day.holds(table.c.bucket_us))
    ):
        rows[row.level].append(row)
    found = {level.number: stored_cells(rows[level.number]) for level in (QUARTERS, *FOLDED)}
    return found.pop(QUARTERS.number), found


def _stored_warnings(
    connection: Connection, owner_id: int, day: Span
) -> tuple[Counter[WarningKey], Counter[WarningKey]]:
    """Return the stored counts of warnings of a day, by quarter-hour and as a whole."""
    of = WarningRollup.__table__.c
    found = {QUARTERS.number: Counter[WarningKey](), DAYS.number: Counter[WarningKey]()}
    query = select(of.level, *(of[name] for name in WarningKey._fields), of.n)
    for level, *key, n in connection.execute(
        query.where(of.user_id == owner_id, *day.holds(of.bucket_us))
    ):
        found[level][WarningKey(*key)] = n
    return found[QUARTERS.number], found[DAYS.number]
