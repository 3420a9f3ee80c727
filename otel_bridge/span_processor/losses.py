"""What was not delivered, counted by a closed set of reasons."""

from __future__ import annotations

import threading
from typing import Literal, get_args

Reason = Literal[
    "queue_full",
    "too_large",
    "rejected",
    "unauthorized",
    "retries_exhausted",
    "shutdown",
    "unmappable",
]

REASONS: tuple[Reason, ...] = get_args(Reason)


class Losses:
    """Thread-safe counters of what was lost since the process began (or was forked).

    - `queue_full`: spans or events that found the queue full
    - `too_large`: events that the server found too large even alone
    - `rejected`: events that the server refused, or a request it did not understand
    - `unauthorized`: events sent with a key that the server does not take
    - `retries_exhausted`: events that could not be delivered in the time for retries
    - `shutdown`: spans and events that were left when the time for shutting down was over
    - `unmappable`: spans or events that could not be read or written down
    """

    def __init__(self) -> None:
        # Reentrant: a signal handler may count in the middle of counting.
        self._lock = threading.RLock()
        self._counts = dict.fromkeys(REASONS, 0)

    def add(self, reason: Reason, count: int = 1) -> None:
        """Count `count` more losses."""
        if count > 0:
            with self._lock:
                self._counts[reason] += count

    def snapshot(self) -> dict[Reason, int]:
        """Return a copy of all counters, zeros included."""
        with self._lock:
            return dict(self._counts)

    @property
    def total(self) -> int:
        """How much was lost for any reason."""
        return sum(self.snapshot().values())

    def reset(self) -> None:
        """Begin at zero with a new lock: for the child of a fork, whose parent keeps its own."""
        self._lock = threading.RLock()
        self._counts = dict.fromkeys(REASONS, 0)
