"""The server's clock."""

from __future__ import annotations

import time


def now_us() -> int:
    """Return the current Unix time in microseconds."""
    return time.time_ns() // 1000
