"""The login throttle: only failed logins count."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class _Count:
    failures: int
    until_s: float


class FailureThrottle:
    """Counts failures by key; a key with too many is blocked until its window ends.

    Keeps at most `max_keys`, oldest first out, so that made-up names cannot fill the memory.
    """

    def __init__(
        self,
        *,
        max_failures: int = 10,
        window_s: float = 300.0,
        max_keys: int = 10_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._max_failures = max_failures
        self._window_s = window_s
        self._max_keys = max_keys
        self._clock = clock
        self._counts: OrderedDict[str, _Count] = OrderedDict()
        self._lock = threading.Lock()

    def blocked_for_s(self, key: str) -> int:
        """Return the seconds until `key` may try again; 0 when it may now."""
        with self._lock:
            count = self._counts.get(key)
            left_s = count.until_s - self._clock() if count else 0.0
            if count is None or left_s <= 0 or count.failures < self._max_failures:
                return 0
            return max(1, round(left_s))

    def failed(self, key: str) -> None:
        """Count one failure; the first one opens the window."""
        with self._lock:
            count = self._counts.get(key)
            if count is None or count.until_s <= self._clock():
                self._counts[key] = _Count(1, self._clock() + self._window_s)
                self._counts.move_to_end(key)
            else:
                count.failures += 1
            while len(self._counts) > self._max_keys:
                self._counts.popitem(last=False)

    def succeeded(self, key: str) -> None:
        """Forget the failures of `key`."""
        with self._lock:
            self._counts.pop(key, None)
