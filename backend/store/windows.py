"""Windows of time: half-open, in Unix microseconds, cut into quarter-hours and local days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from sqlalchemy import ColumnElement, SQLColumnExpression

QUARTER_US = 15 * 60 * 1_000_000
HOUR_US = 60 * 60 * 1_000_000
DAY_US = 24 * HOUR_US

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_DAY = date(1970, 1, 1)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Window:
    """From `start_us` up to, but without, `end_us`; None is open."""

    start_us: int | None = None
    end_us: int | None = None

    def holds(self, at: SQLColumnExpression[int]) -> list[ColumnElement[bool]]:
        """Return the conditions that a time lies in the window."""
        conditions: list[ColumnElement[bool]] = []
        if self.start_us is not None:
            conditions.append(at >= self.start_us)
        if self.end_us is not None:
            conditions.append(at < self.end_us)
        return conditions

    @property
    def is_empty(self) -> bool:
        """Whether no time lies in the window."""
        return (
            self.start_us is not None and self.end_us is not None and self.start_us >= self.end_us
        )


@dataclass(frozen=True, slots=True)
class Span(Window):
    """A window with two ends."""

    start_us: int
    end_us: int


def day_window(day: date, zone: tzinfo) -> Span:
    """Return the window of a local day: 23 to 25 hours long."""
    return Span(midnight_us(day, zone), midnight_us(day + timedelta(days=1), zone))


def midnight_us(day: date, zone: tzinfo) -> int:
    """Return when a local day begins, in Unix microseconds."""
    return (datetime.combine(day, time(), tzinfo=zone) - _EPOCH) // _MICROSECOND


def day_at(time_us: int, zone: tzinfo) -> date:
    """Return the local day that a time lies in."""
    return (_EPOCH + timedelta(microseconds=time_us)).astimezone(zone).date()


def day_of_number(number: int) -> date:
    """Return the day that lies `number` days after 1970-01-01."""
    return _FIRST_DAY + timedelta(days=number)


def number_of_day(day: date) -> int:
    """Return how many days after 1970-01-01 a day lies."""
    return (day - _FIRST_DAY).days


@dataclass(frozen=True, slots=True)
class Offsets:
    """How far local time is ahead of UTC: `first_us`, and from each change on another offset."""

    first_us: int
    changes: tuple[tuple[int, int], ...] = ()

    def at(self, time_us: int) -> int:
        """Return the offset at a time, in microseconds."""
        offset_us = self.first_us
        for from_us, changed_us in self.changes:
            if time_us < from_us:
                break
            offset_us = changed_us
        return offset_us


def offsets_within(start_us: int, end_us: int, zone: tzinfo) -> Offsets:
    """Return the zone's offsets from `start_us` to `end_us`; changes fall on quarter-hours."""
    first_us = offset_us = offset_at(start_us, zone)
    changes: list[tuple[int, int]] = []
    at_us = start_us // QUARTER_US * QUARTER_US
    while at_us < end_us:
        next_us = min(at_us + DAY_US, end_us)
        if offset_at(next_us, zone) != offset_us:
            next_us = _first_change(at_us, next_us, offset_us, zone)
            offset_us = offset_at(next_us, zone)
            changes.append((next_us, offset_us))
        at_us = next_us
    return Offsets(first_us, tuple(changes))


def _first_change(low_us: int, high_us: int, offset_us: int, zone: tzinfo) -> int:
    """Return the first quarter-hour after `low_us` whose offset is another one."""
    low, high = low_us // QUARTER_US, -(-high_us // QUARTER_US)
    while high - low > 1:
        middle = (low + high) // 2
        if offset_at(middle * QUARTER_US, zone) == offset_us:
            low = middle
        else:
            high = middle
    return high * QUARTER_US


def offset_at(time_us: int, zone: tzinfo) -> int:
    """Return how far local time is ahead of UTC at a time, in microseconds."""
    local = (_EPOCH + timedelta(microseconds=time_us)).astimezone(zone)
    return (local.utcoffset() or timedelta()) // _MICROSECOND
