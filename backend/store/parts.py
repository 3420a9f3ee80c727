"""Where the answer to a question about a window is read from: levels of the roll-ups, and rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Select, func, literal_column, select

from backend.models import EventRow, Rollup
from backend.store.calendars import Calendar, Step
from backend.store.groups import Cut
from backend.store.levels import QUARTERS, Level, cut, levels_for
from backend.store.raw import event_cells
from backend.store.sums import EVERYTHING, Dimension, Where
from backend.store.windows import QUARTER_US, Span, Window
from backend.store.zones import zone_of

_SUMS = Rollup.__table__

#: Longer windows are cut to the time of which something is known.
_LONG_US = 800 * 24 * 3600 * 1_000_000
#: Of one agent, so many pieces are looked up one by one; more are read with those of all agents.
_MAX_LOOKUPS = 3000


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the window, to be read from `table`, which has the columns of `Rollup`.

    `keys` are the columns of the group's key. Without a level the rows are events, and have
    `latency_ms` in place of `latencies`.
    """

    level: Level | None
    table: FromClause
    conditions: Sequence[ColumnElement[bool]]
    keys: Sequence[ColumnElement[Any]]

    def select(self, *columns: ColumnElement[Any]) -> Select[Any]:
        """Return the query of columns of the part's rows."""
        return select(*columns).select_from(self.table).where(*self.conditions)

    @property
    def positions(self) -> list[ColumnElement[Any]]:
        """How to group by the keys where these are a query's first columns.

        By position, as PostgreSQL takes two uses of an expression with parameters for different.
        """
        return [literal_column(str(position)) for position in range(1, len(self.keys) + 1)]

    @property
    def step(self) -> Step:
        """What its sums are cut by; events tell their quarter-hour."""
        return "quarter" if self.level is None else self.level.step


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of one owner about a window: sums by `cut`."""

    connection: Connection
    owner_id: int
    span: Span
    where: Where
    cut: Cut
    calendar: Calendar
    steps: Sequence[Step]

    @classmethod
    def about(
        cls,
        connection: Connection,
        owner_id: int,
        *,
        window: Window,
        group_by: Sequence[Dimension] = (),
        where: Where = EVERYTHING,
        zone: tzinfo = UTC,
    ) -> Question:
        """Return the question; hours and days to group by are those of `zone`."""
        span = known(connection, owner_id, window)
        calendar = Calendar(zone_of(connection, owner_id))
        steps = _steps(group_by, span, calendar, zone)
        cut_by = Cut.of(group_by, span, zone)
        return cls(connection, owner_id, span, where, cut_by, calendar, steps)

    def parts(self) -> Iterator[Part]:
        """Yield parts that hold every event of the window once, from coarse to fine."""
        wanted = {*self.cut.dimensions, *self.where.wanted}
        for level, span in cut(self.span, levels_for(wanted, self.steps), self.calendar):
            table = event_cells(*self._on_rows(span)) if level is None else _SUMS
            conditions = () if level is None else self._on_sums(level, span)
            step = "quarter" if level is None else level.step
            yield Part(level, table, conditions, self.cut.columns(table, step))

    def _on_sums(self, level: Level, span: Span) -> list[ColumnElement[bool]]:
        """Return the conditions on the roll-ups of a level, where absent is 0 or ''."""
        of = _SUMS.c
        wanted = dict(self.where.wanted)
        if not level.has_agents:
            wanted["agent_id"] = 0
        return [
            of.user_id == self.owner_id,
            of.level == level.number,
            *_in_span(of.bucket_us, level, span, self.calendar, is_narrow="agent_id" in wanted),
            *(of[name] == value for name, value in wanted.items()),
        ]

    def _on_rows(self, span: Span) -> list[ColumnElement[bool]]:
        """Return the conditions on `obs_events`, where absent is NULL."""
        equal = [
            getattr(EventRow, name) == value if value else getattr(EventRow, name).is_(None)
            for name, value in self.where.wanted.items()
        ]
        return [EventRow.user_id == self.owner_id, *span.holds(EventRow.created_us), *equal]


def _steps(
    group_by: Sequence[Dimension], span: Span, calendar: Calendar, zone: tzinfo
) -> Sequence[Step]:
    """Return what the sums may be cut by: by days only where the days are the owner's."""
    if "quarter" in group_by:
        return ("quarter",)
    if "hour" not in group_by and ("day" not in group_by or zone == calendar.zone):
        return ("day", "hour", "quarter")
    return ("hour", "quarter") if calendar.has_hours_of(zone, span) else ("quarter",)


def _in_span(
    bucket_us: ColumnElement[int], level: Level, span: Span, calendar: Calendar, *, is_narrow: bool
) -> list[ColumnElement[bool]]:
    """Return the conditions on the time of roll-ups.

    Of one agent each piece is looked up, so that those of all others are not read in between.
    """
    if is_narrow and level.has_agents:
        starts = list(islice(calendar.starts(level.step, span), _MAX_LOOKUPS + 1))
        if len(starts) <= _MAX_LOOKUPS:
            return [bucket_us.in_(starts)]
    return span.holds(bucket_us)


def known(connection: Connection, owner_id: int, window: Window) -> Span:
    """Return the window with two ends: what is open or very long ends where the events do."""
    start_us, end_us = window.start_us, window.end_us
    if start_us is not None and end_us is not None and end_us - start_us <= _LONG_US:
        return Span(start_us, end_us)
    of = _SUMS.c
    mine = (of.user_id == owner_id, of.level == QUARTERS.number)
    ends = (select(end(of.bucket_us)).where(*mine) for end in (func.min, func.max))
    first_us, last_us = connection.execute(select(*(one.scalar_subquery() for one in ends))).one()
    if first_us is None:
        return Span(0, 0)
    after_us = last_us + QUARTER_US
    return Span(
        first_us if start_us is None else max(start_us, first_us),
        after_us if end_us is None else min(end_us, after_us),
    )
