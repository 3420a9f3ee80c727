"""Old sums that go, and the room that deleted rows leave in a SQLite file."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Connection, delete, select

from backend.models import AgentDailyMetrics, Rollup
from backend.store.levels import QUARTERS
from backend.store.transactions import Transaction
from backend.store.windows import DAY_US, day_of_number

#: A file keeps this share of its pages free, in per cent: tomorrow's events need them again.
_KEPT_FREE_PERCENT = 10


def has_old_sums(connection: Connection, owner_id: int, *, before_us: int) -> bool:
    """Whether there are sums of quarter-hours, or rows of agents' days, before a time."""
    of, day = Rollup, AgentDailyMetrics
    old = (
        select(of.bucket_us).where(
            of.user_id == owner_id, of.level == QUARTERS.number, of.bucket_us < before_us
        ),
        select(day.day).where(day.user_id == owner_id, day.day < _last_day(before_us)),
    )
    return any(connection.execute(query.limit(1)).first() is not None for query in old)


def prune_days(tx: Transaction, *, before_us: int) -> int:
    """Delete the owner's rows of agents' days that ended before a time; return how many."""
    return tx.connection.execute(
        delete(AgentDailyMetrics).where(
            AgentDailyMetrics.user_id == tx.owner_id, AgentDailyMetrics.day < _last_day(before_us)
        )
    ).rowcount


def _last_day(before_us: int) -> date:
    return day_of_number(before_us // DAY_US - 1)


def shrink_file(tx: Transaction, *, pages: int) -> int:
    """Cut at most so many free pages off a SQLite file; return how many went.

    A file that was made without `auto_vacuum` keeps its size, and a tenth of it may stay free.
    """
    free, whole, is_able = (
        tx.connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
        for name in ("freelist_count", "page_count", "auto_vacuum")
    )
    spare = min(pages, free - whole * _KEPT_FREE_PERCENT // 100) if is_able else 0
    if spare <= 0:
        return 0
    for _ in range(spare):
        # The driver lets a statement without columns take one step, and a step is a page.
        tx.connection.exec_driver_sql("PRAGMA incremental_vacuum(1)")
    return spare
