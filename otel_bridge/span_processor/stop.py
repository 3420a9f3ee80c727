"""The order to stop, with the time that is left to obey it."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable


class Stop:
    """Told once by the host's thread, heeded by the bridge's."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._deadline = math.inf
        self._told = threading.Event()
        self._over = threading.Event()

    def tell(self, timeout_s: float) -> None:
        """Order to finish within `timeout_s` seconds."""
        self._deadline = self._clock() + timeout_s
        self._told.set()

    def declare_over(self) -> None:
        """Say that nobody waits any longer."""
        self._over.set()

    @property
    def is_told(self) -> bool:
        """Whether the order was given."""
        return self._told.is_set()

    @property
    def remaining_s(self) -> float:
        """Seconds that are left; infinite before the order, never negative."""
        return 0.0 if self._over.is_set() else max(0.0, self._deadline - self._clock())

    def wait(self, seconds: float) -> bool:
        """Wait that long, or until the order comes; return whether it has."""
        return self._told.wait(seconds)

    def linger(self, seconds: float) -> None:
        """Wait although the order was given, but not beyond the time that is left."""
        self._over.wait(min(seconds, self.remaining_s))
