"""How long the events of an owner are kept, known for a few seconds."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from sqlalchemy import Engine, select

from backend.models import User
from backend.settings import Settings
from backend.store import RetentionPolicy

_MAX_CACHED = 10_000


def policy_of(settings: Settings) -> RetentionPolicy:
    """Return what holds for owners without days of their own."""
    return RetentionPolicy(settings.retention_days, settings.rollup_retention_days)


class RetentionDays:
    """Finds for how many days an owner's events are kept; a change holds after `max_age_s`."""

    def __init__(
        self,
        engine: Engine,
        *,
        default_days: int,
        max_age_s: float = 3.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._default_days = default_days
        self._max_age_s = max_age_s
        self._clock = clock
        self._cached: dict[int, tuple[float, int]] = {}
        self._lock = threading.Lock()

    def of(self, owner_id: int) -> int:
        """Return the owner's own days, else the default; 0 keeps all."""
        known = self._cached.get(owner_id)
        if known is not None and known[0] > self._clock():
            return known[1]
        days = self._read(owner_id)
        with self._lock:
            if len(self._cached) >= _MAX_CACHED:
                self._cached.clear()
            self._cached[owner_id] = (self._clock() + self._max_age_s, days)
        return days

    def _read(self, owner_id: int) -> int:
        with self._engine.connect() as connection:
            days = connection.scalar(select(User.retention_days).where(User.id == owner_id))
        return self._default_days if days is None else days
