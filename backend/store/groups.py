"""How keys of sums become keys of groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, cast

from sqlalchemy import ColumnElement, FromClause, case, literal

from backend.store.calendars import Step
from backend.store.sums import Dimension
from backend.store.windows import (
    DAY_US,
    HOUR_US,
    Offsets,
    Span,
    day_of_number,
    offsets_within,
)

_TIMES = frozenset({"quarter", "hour", "day"})


@dataclass(frozen=True, slots=True)
class Cut:
    """Groups by some dimensions, hours and days cut by the offsets of a time zone."""

    dimensions: tuple[Dimension, ...]
    offsets: Offsets

    @classmethod
    def of(cls, dimensions: Sequence[Dimension], span: Span, zone: tzinfo) -> Cut:
        """Return the cut of the events of a window."""
        has_times = not _TIMES.isdisjoint(dimensions)
        offsets = offsets_within(span.start_us, span.end_us, zone) if has_times else Offsets(0)
        return cls(tuple(dimensions), offsets)

    def columns(self, table: FromClause, step: Step) -> list[ColumnElement[Any]]:
        """Return the group's key over sums that are cut by `step`.

        A time that they are cut by is left as it is: then the databases group by their keys.
        """
        return [
            (table.c.bucket_us if name == step else self._column(table, name)).label(f"by_{name}")
            for name in self.dimensions
        ]

    def values(self, told: Sequence[Any], step: Step) -> tuple[Any, ...]:
        """Return the group's key of what these columns told."""
        if step != "day" or "day" not in self.dimensions:
            return tuple(told)
        return tuple(
            _floor(value, self.offsets.at(value), "day") if name == "day" else value
            for name, value in zip(self.dimensions, told, strict=True)
        )

    def shown(self, values: Sequence[Any]) -> dict[str, Any]:
        """Return the group's key as callers see it."""
        return {
            name: day_of_number(value)
            if name == "day"
            else value
            if name in _TIMES
            else value or None
            for name, value in zip(self.dimensions, values, strict=True)
        }

    def _column(self, table: FromClause, name: Dimension) -> ColumnElement[Any]:
        if name not in _TIMES:
            return table.c[name]
        at = table.c.bucket_us
        changes = self.offsets.changes
        offset: ColumnElement[int] = literal(self.offsets.first_us)
        if changes:
            starts = [self.offsets.first_us, *(offset_us for _, offset_us in changes)]
            offset = case(
                *(
                    (at < change[0], before)
                    for change, before in zip(changes, starts, strict=False)
                ),
                else_=starts[-1],
            )
        return cast("ColumnElement[Any]", _floor(at, offset, name))


def _floor(at: Any, offset: Any, name: Dimension) -> Any:
    """Return the start of the quarter or hour, or the number of the day; in Python and in SQL."""
    if name == "quarter":
        return at
    if name == "hour":
        return (at + offset) // HOUR_US * HOUR_US - offset
    return (at + offset) // DAY_US
