"""The newest heartbeat of sums that a heartbeat was taken from."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import ColumnElement, func, select, update

from backend.models import EventRow, Rollup
from backend.store.calendars import Calendar
from backend.store.levels import FOLDED, QUARTERS, Key, Level
from backend.store.transactions import Transaction
from backend.store.windows import QUARTER_US, Span

_SUMS = Rollup.__table__.c


def find_newest(tx: Transaction, keys: Iterable[Key], calendar: Calendar) -> None:
    """Set the newest heartbeat anew: by quarter-hour from the events, by hour and day from these.

    A heartbeat is taken away when its agent is decided otherwise, which is rare.
    """
    lost = sorted(set(keys))
    for key in lost:
        _set(tx, QUARTERS, key, _newest_event(tx, key))
    for level in FOLDED:
        starts = {key: calendar.start_of(level.step, key.bucket_us) for key in lost}
        for key in sorted({level.key_of(key, starts[key]) for key in lost}):
            _set(tx, level, key, _newest_quarter(tx, level, key, calendar))


def _set(tx: Transaction, level: Level, key: Key, newest: ColumnElement[int]) -> None:
    tx.connection.execute(
        update(Rollup)
        .where(_SUMS.user_id == tx.owner_id, _SUMS.level == level.number)
        .where(*(_SUMS[name] == value for name, value in key._asdict().items()))
        .values(newest_us=newest)
    )


def _newest_event(tx: Transaction, key: Key) -> ColumnElement[int]:
    told = {name: value for name, value in key._asdict().items() if name != "bucket_us"}
    columns = ((getattr(EventRow, name), value) for name, value in told.items())
    return (
        select(func.coalesce(func.max(EventRow.created_us), 0))
        .where(EventRow.user_id == tx.owner_id)
        .where(*Span(key.bucket_us, key.bucket_us + QUARTER_US).holds(EventRow.created_us))
        .where(*(column == value if value else column.is_(None) for column, value in columns))
        .scalar_subquery()
    )


def _newest_quarter(
    tx: Transaction, level: Level, key: Key, calendar: Calendar
) -> ColumnElement[int]:
    quarters = Rollup.__table__.alias("quarters").c
    told = {name: value for name, value in key._asdict().items() if level.tells({name})}
    return (
        select(func.coalesce(func.max(quarters.newest_us), 0))
        .where(quarters.user_id == tx.owner_id, quarters.level == QUARTERS.number)
        .where(*calendar.piece(level.step, told.pop("bucket_us")).holds(quarters.bucket_us))
        .where(*(quarters[name] == value for name, value in told.items()))
        .scalar_subquery()
    )
