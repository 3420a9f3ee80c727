"""How often the mapping could not make sense of something, or an event was set aside."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from backend.models import WarningRollup
from backend.store.calendars import Calendar
from backend.store.levels import DAYS, QUARTERS, cut
from backend.store.parts import known
from backend.store.windows import QUARTER_US, Span, Window
from backend.store.zones import zone_of


@dataclass(frozen=True, slots=True)
class WarningCount:
    """How many events of one instrumentation scope and model carry a warning."""

    code: str
    scope: str | None
    provider: str | None
    model: str | None
    events: int


def warning_counts(connection: Connection, owner_id: int, *, window: Window) -> list[WarningCount]:
    """Return the counts of the quarter-hours that begin in a window, the most frequent first."""
    by = WarningRollup
    span = _quarters(known(connection, owner_id, window))
    calendar = Calendar(zone_of(connection, owner_id))
    counts: Counter[tuple[str, ...]] = Counter()
    for level, part in cut(span, (DAYS, QUARTERS), calendar):
        found = connection.execute(
            select(by.code, by.scope, by.provider, by.model, func.sum(by.n))
            .where(by.user_id == owner_id, by.level == (level or QUARTERS).number)
            .where(*part.holds(by.bucket_us))
            .group_by(by.code, by.scope, by.provider, by.model)
        )
        for *told, n in found:
            counts[tuple(told)] += int(n)
    return [
        WarningCount(code, scope or None, provider or None, model or None, n)
        for (code, scope, provider, model), n in sorted(counts.items(), key=_most_first)
    ]


def _quarters(span: Span) -> Span:
    """Return the quarter-hours that begin in a window."""
    return Span(_next_quarter(span.start_us), _next_quarter(span.end_us))


def _next_quarter(at_us: int) -> int:
    return -(-at_us // QUARTER_US) * QUARTER_US


def _most_first(item: tuple[tuple[str, ...], int]) -> tuple[int, tuple[str, ...]]:
    told, n = item
    return -n, told
