"""The sums of a window, grouped: what every page, metric and alert is answered from."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import Any, cast

from sqlalchemy import ColumnElement, Connection, FromClause, case, func, literal, select

from backend.models import EventRow, LatencyRollup, Rollup
from backend.store.rollups import SUM_COLUMNS, Deltas, Key, LatencyKey
from backend.store.rows import select_rows, stored_row
from backend.store.sums import EVERYTHING, Dimension, Group, Histogram, Sums, Where
from backend.store.windows import (
    DAY_US,
    HOUR_US,
    Offsets,
    Window,
    day_of_number,
    offsets_within,
    split,
)


def measure(
    connection: Connection,
    owner_id: int,
    *,
    window: Window,
    group_by: Sequence[Dimension] = (),
    where: Where = EVERYTHING,
    zone: tzinfo = UTC,
) -> list[Group]:
    """Return the groups that have events, by key; without dimensions always exactly one.

    Whole quarter-hours come from the roll-ups; only the ragged edges of a window are counted row
    by row.
    """
    cut = _Cut(tuple(group_by), _offsets(window, zone))
    groups: dict[tuple[Any, ...], _Gathered] = defaultdict(_Gathered)
    middle, edges = split(window)
    if middle is not None:
        _gather_rollups(_Query(connection, owner_id, middle, where), cut, groups)
    for edge in edges:
        _gather_edge(_Query(connection, owner_id, edge, where), cut, groups)
    if not group_by:
        return [groups[()].group({})]
    return [groups[values].group(cut.shown(values)) for values in sorted(groups)]


@dataclass(frozen=True, slots=True)
class _Query:
    connection: Connection
    owner_id: int
    window: Window
    where: Where

    def on_sums(self, table: FromClause) -> list[ColumnElement[bool]]:
        """Return the conditions on a roll-up table, where absent is 0 or ''."""
        equal = [table.c[name] == value for name, value in self.where.wanted.items()]
        return [table.c.user_id == self.owner_id, *self.window.holds(table.c.bucket_us), *equal]

    def on_rows(self) -> list[ColumnElement[bool]]:
        """Return the conditions on `obs_events`, where absent is NULL."""
        equal = [
            getattr(EventRow, name) == value if value else getattr(EventRow, name).is_(None)
            for name, value in self.where.wanted.items()
        ]
        return [
            EventRow.user_id == self.owner_id,
            *self.window.holds(EventRow.created_us),
            *equal,
        ]


@dataclass(frozen=True, slots=True)
class _Cut:
    """How keys of roll-ups become keys of groups."""

    dimensions: tuple[Dimension, ...]
    offsets: Offsets

    def columns(self, table: FromClause) -> list[ColumnElement[Any]]:
        """Return the group's key as expressions over a roll-up table."""
        return [self._column(table, name).label(f"by_{name}") for name in self.dimensions]

    def values(self, key: Key | LatencyKey) -> tuple[Any, ...]:
        """Return the group's key of a roll-up's key."""
        return tuple(
            _floor(key.bucket_us, self.offsets.at(key.bucket_us), name)
            if name in _TIMES
            else getattr(key, name)
            for name in self.dimensions
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


_TIMES = frozenset({"quarter", "hour", "day"})


def _floor(at: Any, offset: Any, name: Dimension) -> Any:
    """Return the start of the quarter or hour, or the number of the day; in Python and in SQL."""
    if name == "quarter":
        return at
    if name == "hour":
        return (at + offset) // HOUR_US * HOUR_US - offset
    return (at + offset) // DAY_US


def _offsets(window: Window, zone: tzinfo) -> Offsets:
    if zone is UTC or window.start_us is None or window.end_us is None:
        return Offsets(0)
    return offsets_within(window.start_us, window.end_us, zone)


#: What a type's rows are called in `Sums`: how many, how many failed, how long they took.
_NAMES = {
    "llm_call": ("llm_calls", "llm_errors", "llm_latency_sum_ms"),
    "tool_call": ("tool_calls", "tool_errors", "tool_latency_sum_ms"),
    "run_finished": ("runs", "runs_failed", "run_latency_sum_ms"),
}
_USAGE = SUM_COLUMNS[2:8]


@dataclass(slots=True)
class _Gathered:
    """The sums of one group, while roll-ups are added to it."""

    sums: Counter[str] = field(default_factory=Counter)
    latencies: dict[str, Counter[int]] = field(
        default_factory=lambda: {event_type: Counter() for event_type in _NAMES}
    )

    def add(self, event_type: str, status: str, values: Sequence[Any]) -> None:
        """Add sums in the order of `SUM_COLUMNS`."""
        numbers = dict(zip(SUM_COLUMNS, map(int, values), strict=True))
        self.sums["total_events"] += numbers["events"]
        self.sums["unpriced_calls"] += numbers["unpriced"]
        for name in _USAGE:
            self.sums[name] += numbers[name]
        failed = numbers["counted"] if status == "error" else 0
        self.sums["errors"] += failed
        if event_type in _NAMES:
            counted, errors, latency = _NAMES[event_type]
            self.sums[counted] += numbers["counted"]
            self.sums[errors] += failed
            self.sums[latency] += numbers["latency_sum_ms"]

    def group(self, key: Mapping[str, Any]) -> Group:
        """Return what was gathered."""
        llm, tool, run = (Histogram(dict(self.latencies[name])) for name in _NAMES)
        return Group(key, Sums(**self.sums), llm, tool, run)


_Groups = dict[tuple[Any, ...], _Gathered]


def _gather_rollups(query: _Query, cut: _Cut, groups: _Groups) -> None:
    for *key, event_type, status, numbers in _summed(
        query, cut, Rollup.__table__, ("event_type", "status"), SUM_COLUMNS
    ):
        groups[tuple(key)].add(event_type, status, numbers)
    for *key, event_type, bucket, (n,) in _summed(
        query, cut, LatencyRollup.__table__, ("event_type", "latency_bucket"), ("n",)
    ):
        groups[tuple(key)].latencies[event_type][bucket] += int(n)


def _summed(
    query: _Query,
    cut: _Cut,
    table: FromClause,
    names: Sequence[str],
    sums: Sequence[str],
) -> Iterator[tuple[Any, ...]]:
    """Yield the group's key, `names`, and the tuple of `sums`."""
    rows = (
        select(*cut.columns(table), *(table.c[name] for name in (*names, *sums)))
        .where(*query.on_sums(table))
        .subquery()
    )
    # Grouped outside: PostgreSQL takes two uses of one expression with parameters for different.
    keys = [column for column in rows.c if column.name not in sums]
    summed = select(*keys, *(func.sum(rows.c[name]) for name in sums)).group_by(*keys)
    for values in query.connection.execute(summed):
        yield (*values[: len(keys)], values[len(keys) :])


def _gather_edge(query: _Query, cut: _Cut, groups: _Groups) -> None:
    deltas = Deltas()
    found = query.connection.execute(select_rows().where(*query.on_rows()))
    for values in found:
        row = stored_row(values)
        if row.placement is not None:
            deltas.add(row, row.placement)
    for key, numbers in deltas.sums.items():
        groups[cut.values(key)].add(key.event_type, key.status, numbers)
    for timed, n in deltas.latencies.items():
        groups[cut.values(timed)].latencies[timed.event_type][timed.latency_bucket] += n
