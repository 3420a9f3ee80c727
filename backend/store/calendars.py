"""The quarter-hours, hours and days of a time zone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta, tzinfo
from typing import Literal

from backend.store.windows import (
    HOUR_US,
    QUARTER_US,
    Span,
    day_at,
    midnight_us,
    offset_at,
    offsets_within,
)

Step = Literal["quarter", "hour", "day"]

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Calendar:
    """Cuts time into pieces that begin on quarter-hours."""

    zone: tzinfo

    def start_of(self, step: Step, time_us: int) -> int:
        """Return when the piece began that holds a time; days begin at local midnight."""
        if step == "day":
            return midnight_us(day_at(time_us, self.zone), self.zone)
        if step == "hour":
            past_us = offset_at(time_us, self.zone) % HOUR_US
            return (time_us + past_us) // HOUR_US * HOUR_US - past_us
        return time_us // QUARTER_US * QUARTER_US

    def piece(self, step: Step, start_us: int) -> Span:
        """Return the piece that begins at a time."""
        return Span(start_us, self._next_start(step, start_us + 1))

    def whole(self, step: Step, window: Span) -> Span | None:
        """Return the whole pieces of a bounded window, None where there is none.

        There are no hours where the zone goes over to hours that begin at other minutes.
        """
        if step == "hour" and not self.has_hours_of(self.zone, window):
            return None
        first_us = self._next_start(step, window.start_us)
        last_us = self.start_of(step, window.end_us)
        return Span(first_us, last_us) if first_us < last_us else None

    def starts(self, step: Step, window: Span) -> Iterator[int]:
        """Yield when each of the whole pieces of a window begins."""
        start_us = window.start_us
        while start_us < window.end_us:
            yield start_us
            start_us = self._next_start(step, start_us + 1)

    def has_hours_of(self, zone: tzinfo, window: Span) -> bool:
        """Whether the hours of both zones begin together, and at one minute, all through it."""
        minutes: set[int] = set()
        for one in {self.zone, zone}:
            offsets = offsets_within(window.start_us, window.end_us, one)
            minutes.update(
                offset_us % HOUR_US
                for offset_us in (offsets.first_us, *(change[1] for change in offsets.changes))
            )
        return len(minutes) == 1

    def _next_start(self, step: Step, time_us: int) -> int:
        """Return the first start of a piece at or after a time."""
        start_us = self.start_of(step, time_us)
        if start_us == time_us:
            return start_us
        if step == "day":
            return midnight_us(day_at(time_us, self.zone) + _ONE_DAY, self.zone)
        return start_us + (HOUR_US if step == "hour" else QUARTER_US)
