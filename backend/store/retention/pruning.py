"""Old sums that go, and the room that deleted rows leave in a SQLite file."""

from __future__ import annotations

from sqlalchemy import delete

from backend.models import AgentDailyMetrics
from backend.store.transactions import Transaction
from backend.store.windows import DAY_US, day_of_number

#: A file keeps this share of its pages free, in per cent: tomorrow's events need them again.
_KEPT_FREE_PERCENT = 10


def prune_days(tx: Transaction, *, before_us: int) -> int:
    """Delete the owner's rows of agents' days that ended before a time; return how many."""
    last_day = day_of_number(before_us // DAY_US - 1)
    return tx.connection.execute(
        delete(AgentDailyMetrics).where(
            AgentDailyMetrics.user_id == tx.owner_id, AgentDailyMetrics.day < last_day
        )
    ).rowcount


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
