"""Price books of owners, kept for a few seconds."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from backend.models import LlmPrice
from backend.pricing.rows import price_of
from otel_bridge.pricing import Price, PriceBook

_MAX_CACHED = 1_000


class PriceBooks:
    """Finds an owner's price book; a changed price holds after `max_age_s` on every replica."""

    def __init__(
        self,
        engine: Engine,
        *,
        max_age_s: float = 3.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._max_age_s = max_age_s
        self._clock = clock
        self._cached: dict[int, tuple[float, PriceBook]] = {}
        self._lock = threading.Lock()

    def of(self, owner_id: int) -> PriceBook:
        """Return the owner's prices before the price list."""
        known = self._cached.get(owner_id)
        if known is not None and known[0] > self._clock():
            return known[1]
        book = PriceBook(self._rows(owner_id))
        with self._lock:
            if len(self._cached) >= _MAX_CACHED:
                self._cached.clear()
            self._cached[owner_id] = (self._clock() + self._max_age_s, book)
        return book

    def _rows(self, owner_id: int) -> list[Price]:
        with Session(self._engine) as session:
            rows = session.scalars(select(LlmPrice).where(LlmPrice.user_id == owner_id))
            return [price_of(row) for row in rows]
