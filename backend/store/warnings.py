"""How often the mapping could not make sense of something, or an event was set aside."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from backend.models import WarningRollup
from backend.store.windows import Window


@dataclass(frozen=True, slots=True)
class WarningCount:
    """How many events of one instrumentation scope and model carry a warning."""

    code: str
    scope: str | None
    provider: str | None
    model: str | None
    events: int


def warning_counts(connection: Connection, owner_id: int, *, window: Window) -> list[WarningCount]:
    """Return the counts of a window, the most frequent first."""
    by = WarningRollup
    total = func.sum(by.n)
    found = connection.execute(
        select(by.code, by.scope, by.provider, by.model, total)
        .where(by.user_id == owner_id, *window.holds(by.bucket_us))
        .group_by(by.code, by.scope, by.provider, by.model)
        .having(total != 0)
        .order_by(total.desc(), by.code, by.scope, by.provider, by.model)
    )
    return [
        WarningCount(code, scope or None, provider or None, model or None, int(n))
        for code, scope, provider, model, n in found
    ]
