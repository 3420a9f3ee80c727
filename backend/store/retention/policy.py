"""How long events and their sums are kept, and up to when they go."""

from __future__ import annotations

from dataclasses import dataclass

from backend.store.windows import DAY_US, QUARTER_US

#: For so much longer an event may stay that belongs to a trace or run which still goes on.
_HELD_US = 7 * DAY_US


@dataclass(frozen=True, slots=True)
class Cut:
    """Up to when raw events go, in Unix microseconds.

    Before `at_us`, the start of a quarter-hour, they go with the whole of their trace and run;
    before `last_us` they go in any case.
    """

    at_us: int
    last_us: int


@dataclass(frozen=True, slots=True)
class RetentionPolicy:
    """For how many days raw events are kept, and for how many their sums; 0 is for ever."""

    events_days: int
    rollups_days: int

    def of_owner(self, own_days: int | None) -> RetentionPolicy:
        """Return the policy of an owner, who may keep events for days of their own."""
        if own_days is None:
            return self
        return RetentionPolicy(own_days, self.rollups_days)

    def events_cut(self, now_us: int) -> Cut | None:
        """Return up to when raw events go; None where all are kept."""
        if not self.events_days:
            return None
        at_us = _quarter_at(now_us - self.events_days * DAY_US)
        return Cut(at_us, at_us - _HELD_US)

    def rollups_cut_us(self, now_us: int) -> int | None:
        """Return up to when sums go, never before their events; None where all are kept."""
        if not self.events_days or not self.rollups_days:
            return None
        return _quarter_at(now_us - max(self.events_days, self.rollups_days) * DAY_US)


def _quarter_at(time_us: int) -> int:
    return time_us // QUARTER_US * QUARTER_US
