"""Calls whose cost nobody knows, by provider and model."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select

from backend.models import EventRow, Rollup
from backend.store.windows import QUARTER_US, Window

#: A failed call without tokens cost nothing to be named, as in the roll-ups.
_HAS_A_PRICE = or_(
    EventRow.status != "error", EventRow.tokens_in.is_not(None), EventRow.tokens_out.is_not(None)
)
_KEY = (Rollup.provider, Rollup.model)
_WHOLE: list[ColumnElement[Any]] = [
    *(func.sum(column) for column in (Rollup.unpriced, Rollup.tokens_in, Rollup.tokens_out))
]
_MIXED: list[ColumnElement[Any]] = [
    func.count(),
    *(func.sum(column) for column in (EventRow.tokens_in, EventRow.tokens_out)),
]


class Unpriced(NamedTuple):
    """How many calls of a model have no known price, and the tokens of these calls."""

    provider: str | None
    model: str | None
    calls: int
    tokens_in: int
    tokens_out: int


def unpriced(connection: Connection, owner_id: int, *, window: Window) -> list[Unpriced]:
    """Return the models of a window (cut to whole quarter-hours) with such calls, most calls first.

    The calls are counted in the roll-ups, and their tokens too where all calls of a roll-up are
    without a price. Where only some are, their events are read.
    """
    sums: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for query in (_whole(owner_id, window), _mixed(owner_id, window)):
        for provider, model, *numbers in connection.execute(query):
            sums[provider, model] = _added(sums[provider, model], numbers)
    found = [
        Unpriced(provider or None, model or None, *numbers)
        for (provider, model), numbers in sums.items()
    ]
    return sorted(found, key=lambda one: (-one.calls, one.provider or "", one.model or ""))


def _added(sums: Sequence[int], numbers: Iterable[Any]) -> list[int]:
    return [total + int(number or 0) for total, number in zip(sums, numbers, strict=True)]


def _selected(sums: list[ColumnElement[Any]]) -> Select[Any]:
    columns: list[Any] = [*_KEY, *sums]
    return select(*columns)


def _whole(owner_id: int, window: Window) -> Select[Any]:
    by = Rollup
    return (
        _selected(_WHOLE)
        .where(by.user_id == owner_id, *window.holds(by.bucket_us))
        .where(by.unpriced > 0, by.unpriced == by.counted)
        .group_by(*_KEY)
    )


def _mixed(owner_id: int, window: Window) -> Select[Any]:
    by, one = Rollup, EventRow
    is_of_rollup = and_(
        one.user_id == by.user_id,
        one.event_type == by.event_type,
        one.created_us >= by.bucket_us,
        one.created_us < by.bucket_us + QUARTER_US,
        one.status == by.status,
        func.coalesce(one.agent_id, 0) == by.agent_id,
        *(
            func.coalesce(getattr(one, name), "") == getattr(by, name)
            for name in ("provider", "model", "tool")
        ),
    )
    return (
        _selected(_MIXED)
        .join_from(by, one, is_of_rollup)
        .where(by.user_id == owner_id, *window.holds(by.bucket_us))
        .where(by.unpriced > 0, by.unpriced < by.counted)
        .where(one.counted, one.cost_nusd.is_(None), _HAS_A_PRICE)
        .group_by(*_KEY)
    )
