"""Runs of which no end was told: shown as stuck after some silence, and closed after more.

Nothing is written when a run falls silent, so that no timer has to run and no sum changes: what a
run is follows from when its newest event happened and from the time at which it is looked at.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, and_, or_

from backend.models import RunRow
from backend.store.stored import StoredRun

_MINUTE_US = 60 * 1_000_000


@dataclass(frozen=True, slots=True)
class Patience:
    """For how long a run may be silent: until it is shown as stuck, and until it is closed."""

    stuck_after_us: int = 15 * _MINUTE_US
    closed_after_us: int = 24 * 60 * _MINUTE_US

    @classmethod
    def of_minutes(cls, *, stuck_after: int, closed_after: int) -> Patience:
        """Return a patience given in minutes."""
        return cls(stuck_after * _MINUTE_US, closed_after * _MINUTE_US)

    def settled(self, run: StoredRun, *, now_us: int) -> StoredRun:
        """Return the run as it is at that time."""
        silent_us = now_us - run.last_us
        if run.status != "running":
            return run
        if silent_us < self.closed_after_us:
            return replace(run, is_stuck=silent_us >= self.stuck_after_us)
        reason = f"closed: silent for {_duration(self.closed_after_us)} without an end"
        return replace(run, status="error", error_message=run.error_message or reason)

    def has_status(self, status: str, *, now_us: int) -> ColumnElement[bool]:
        """Return the condition that a run has this status at that time."""
        is_open = RunRow.last_us > now_us - self.closed_after_us
        if status == "running":
            return and_(RunRow.status == status, is_open)
        if status == "error":
            return or_(RunRow.status == status, and_(RunRow.status == "running", ~is_open))
        return RunRow.status == status


def _duration(time_us: int) -> str:
    minutes = time_us // _MINUTE_US
    return f"{minutes} minutes" if minutes % 60 else f"{minutes // 60} hours"
