"""What goes wrong in the bridge is told in the log, but not a thousand times."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

_INTERVAL_S = 60.0

_logger = logging.getLogger("otel_bridge")


class Complaints:
    """Writes to the logger `otel_bridge`, at most once per minute for each topic."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._told_at: dict[str, float] = {}
        self._unsaid: dict[str, int] = {}

    def warn(self, topic: str, message: str) -> None:
        """Log a warning, unless the topic had one within the interval."""
        self._tell(logging.WARNING, topic, message, error=None)

    def failed(self, topic: str, error: BaseException) -> None:
        """Log an exception of our own that was kept from the host, with its traceback."""
        self._tell(logging.ERROR, topic, f"otel_bridge failed in {topic}", error=error)

    def _tell(self, level: int, topic: str, message: str, *, error: BaseException | None) -> None:
        # Two threads may race here; the worst of it is one line more.
        now = self._clock()
        told_at = self._told_at.get(topic)
        if told_at is not None and now - told_at < _INTERVAL_S:
            self._unsaid[topic] = self._unsaid.get(topic, 0) + 1
            return
        self._told_at[topic] = now
        if unsaid := self._unsaid.pop(topic, 0):
            message = f"{message} ({unsaid} times more since the last line)"
        _logger.log(level, "%s", message, exc_info=error)
