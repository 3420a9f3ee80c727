"""A latency histogram with at most 1 % relative error, in integers: equal on every machine."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import cache
from math import ceil

#: The largest latency that is told apart from larger ones: about 31 years.
MAX_LATENCY_MS = 10**12


def bucket_of(latency_ms: int) -> int:
    """Return the index of the bucket that holds a latency; 0 ms has a bucket of its own."""
    return bisect_right(_lower_bounds(), min(latency_ms, MAX_LATENCY_MS)) - 1


def value_of(bucket: int) -> int:
    """Return the milliseconds that stand for a bucket: within 1 % of all that it holds."""
    lowest = _lower_bounds()[bucket]
    return lowest + lowest // 100


def quantile(first: int, upto: Sequence[int], q: float) -> int | None:
    """Return the latency in milliseconds that the share `q` (0 to 1) of calls did not exceed.

    `upto` tells how many calls lie in the bucket `first` or before, in the next one or before, and
    so on; None without calls. The rank is the nearest one: the smallest latency with at least `q`
    of the calls at or below it.
    """
    if not upto:
        return None
    # Rounded first: 0.55 of 100 calls is 55 of them, though the product is a little more.
    rank = max(1, ceil(round(q * upto[-1], 6)))
    return value_of(first + min(bisect_left(upto, rank), len(upto) - 1))


@cache
def _lower_bounds() -> tuple[int, ...]:
    # A bucket from `lowest` to `highest` is told as `middle`: lowest * 1.01 rounded down, and
    # highest is the largest integer of which `middle` is at most 1 % short. Up to 98 ms every
    # millisecond has its own bucket; after that they grow by about 2 %.
    bounds = [0]
    lowest = 1
    while lowest <= MAX_LATENCY_MS:
        bounds.append(lowest)
        middle = lowest + lowest // 100
        lowest = middle * 100 // 99 + 1
    return tuple(bounds)
