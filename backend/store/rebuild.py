"""The roll-ups of an owner, computed anew: the same numbers, or a bug."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import tzinfo
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select, tuple_, update

from backend.models import (
    AgentDailyMetrics,
    DirtyDay,
    EventRow,
    Rollup,
    User,
    WarningRollup,
)
from backend.store.calendars import Calendar
from backend.store.cells import Cell, Cells, WarningKey
from backend.store.histograms import unpacked
from backend.store.levels import DAYS, FOLDED, QUARTERS, Key
from backend.store.raw import cells_of, warnings_of
from backend.store.rollups import add_cells, add_warnings, folded, folded_warnings
from backend.store.sightings import note_days
from backend.store.transactions import Transaction
from backend.store.windows import Span

#: Typed loosely: SQLAlchemy takes them for more than tables.
_TABLES: tuple[Any, ...] = (Rollup.__table__, WarningRollup.__table__)


def rebuild_rollups(tx: Transaction, *, since_us: int = 0) -> None:
    """Replace the roll-ups from the quarter-hour that holds `since_us` on by what the events tell.

    Hours and days that lie on both sides are folded from the quarter-hours of both.
    """
    calendar = Calendar(tx.zone)
    since_us = calendar.start_of("quarter", since_us)
    for table in _TABLES:
        _delete(tx, table, table.c.level == QUARTERS.number, since_us)
    of = EventRow
    for span in _days(tx, of.created_us, [of.user_id == tx.owner_id], calendar, since_us):
        conditions = [of.user_id == tx.owner_id, *span.holds(of.created_us)]
        add_cells(tx, {QUARTERS: cells_of(tx.connection, conditions)}, {})
        add_warnings(tx, {QUARTERS: warnings_of(tx.connection, conditions)})
    fold_rollups(tx, since_us=since_us)


def fold_rollups(tx: Transaction, *, since_us: int = 0) -> None:
    """Replace the hours and days from the day of `since_us` on by what the quarter-hours tell."""
    calendar = Calendar(tx.zone)
    since_us = calendar.start_of("day", since_us)
    for table in _TABLES:
        _delete(tx, table, table.c.level != QUARTERS.number, since_us)
        of = table.c
        mine = [of.user_id == tx.owner_id, of.level == QUARTERS.number]
        for span in _days(tx, of.bucket_us, mine, calendar, since_us):
            _fold_day(tx, table, [*mine, *span.holds(of.bucket_us)], calendar)


def move_to_zone(tx: Transaction, name: str, zone: tzinfo) -> None:
    """Cut the owner's hours and days in another zone; every day is to be aggregated anew."""
    tx.connection.execute(update(User).where(User.id == tx.owner_id).values(timezone=name))
    moved = replace(tx, zone=zone)
    fold_rollups(moved)
    for table in (AgentDailyMetrics, DirtyDay):
        tx.connection.execute(delete(table).where(table.user_id == tx.owner_id))
    of = Rollup
    days = list(
        tx.connection.scalars(
            select(of.bucket_us)
            .distinct()
            .where(of.user_id == tx.owner_id, of.level == DAYS.number)
        )
    )
    if days:
        note_days(moved, days)


def _fold_day(
    tx: Transaction, table: Any, conditions: list[ColumnElement[bool]], calendar: Calendar
) -> None:
    rows = tx.connection.execute(select(*table.c).where(*conditions))
    if table is Rollup.__table__:
        levels = folded(stored_cells(rows), calendar)
        del levels[QUARTERS]
        add_cells(tx, levels, {})
    else:
        counts = {WarningKey(*key): n for _owner, _level, *key, n in rows}
        add_warnings(tx, {DAYS: folded_warnings(counts, DAYS, calendar)})


def stored_cells(rows: Iterable[Sequence[Any]]) -> Cells:
    """Return rows of one level of the table as cells."""
    width = len(Key._fields)
    cells: dict[Key, Cell] = {}
    for _owner, _level, *told, newest_us, latencies in rows:
        counts = {} if latencies is None else unpacked(latencies)
        cells[Key(*told[:width])] = Cell(told[width:], counts, newest_us)
    return cells


def _delete(tx: Transaction, table: Any, of_level: ColumnElement[bool], since_us: int) -> None:
    tx.connection.execute(
        delete(table).where(table.c.user_id == tx.owner_id, of_level, table.c.bucket_us >= since_us)
    )


def _days(
    tx: Transaction,
    at: Any,
    mine: list[ColumnElement[bool]],
    calendar: Calendar,
    since_us: int,
) -> Iterator[Span]:
    """Yield the local days that have rows, the first from `since_us` on."""
    while True:
        first_us = tx.connection.scalar(select(func.min(at)).where(*mine, at >= since_us))
        if first_us is None:
            return
        day = calendar.piece("day", calendar.start_of("day", first_us))
        yield Span(max(since_us, day.start_us), day.end_us)
        since_us = day.end_us


def prune_rollups(tx: Transaction, *, before_us: int, limit: int) -> int:
    """Delete at most `limit` roll-ups of the owner's days before that of a time; return how many.

    Events must be deleted first: what a roll-up no longer holds cannot be taken out of it.
    """
    before_us = Calendar(tx.zone).start_of("day", before_us)
    deleted = 0
    for table in _TABLES:
        key = list(table.primary_key)
        for level in (QUARTERS, *FOLDED):
            # Each level by itself: the key begins with it, so that old rows are found at once.
            old = (
                select(*key)
                .where(table.c.user_id == tx.owner_id, table.c.level == level.number)
                .where(table.c.bucket_us < before_us)
                .limit(limit - deleted)
            )
            gone = delete(table).where(tuple_(*key).in_(old))
            deleted += tx.connection.execute(gone).rowcount
    return deleted
