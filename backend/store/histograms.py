"""Histograms as one value of a row: compact for few latencies, quick to add up for many.

A value is either a list of the buckets that were hit, one entry a latency, or lanes: a count for
every bucket from the first that was hit to the last, all of one width. Which of the two, and how
wide, follows from what it holds, so that equal histograms are equal bytes.
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import repeat

_LIST = 0
#: What a row keeps for an instant when its last latency goes.
EMPTY = bytes([_LIST])
#: Array codes of lanes by their width in bytes.
_LANES = {1: "B", 2: "H", 4: "I", 8: "Q"}
#: The kind or width of lanes, and the first bucket.
_HEADER = 3
#: Up to so many latencies a list is as good as lanes, and cheaper to add up.
_FEW = 16


def packed(counts: Mapping[int, int]) -> bytes | None:
    """Return a histogram, bucket to number of latencies, as a value; None for an empty one.

    Raises `ValueError` for a negative count: nothing can be taken out that was not put in.
    """
    hit = sorted(bucket for bucket, n in counts.items() if n)
    if not hit:
        return None
    if min(counts.values()) < 0:
        raise ValueError("a histogram cannot lose a latency that it does not hold")
    total, first, span = sum(counts.values()), hit[0], hit[-1] - hit[0] + 1
    if _is_list(total, span):
        return EMPTY + _bytes_of(
            array("H", [bucket for bucket in hit for _ in repeat(None, counts[bucket])])
        )
    width = _width_of(max(counts.values()))
    lanes = array(_LANES[width], bytes(width * span))
    for bucket in hit:
        lanes[bucket - first] = counts[bucket]
    return _header(width, first) + _bytes_of(lanes)


def unpacked(value: bytes) -> dict[int, int]:
    """Return a value's histogram."""
    if value[0] == _LIST:
        return dict(Counter(_array_of("H", value[1:])))
    lanes = _array_of(_LANES[value[0]], value[_HEADER:])
    return {bucket: n for bucket, n in enumerate(lanes, _first(value)) if n}


def plus(value: bytes | None, counts: Mapping[int, int]) -> bytes | None:
    """Return a value after `counts`, which may be negative, were added to it.

    `EMPTY` tells that nothing is left, None that nothing was ever there.
    """
    if value is None:
        return packed(counts)
    grown = _in_list if value[0] == _LIST else _in_lanes
    return grown(value, counts) or packed(_added(unpacked(value), counts)) or EMPTY


def added(values: Sequence[bytes]) -> tuple[int, Sequence[int]]:
    """Return the sum of values: a bucket, and how many latencies lie in it and in each after it."""
    hits = _array_of("H", b"".join(value[1:] for value in values if value[0] == _LIST))
    lanes = [value for value in values if value[0] != _LIST]
    first = min([*map(_first, lanes), *([min(hits)] if hits else [])], default=0)
    counts = _sum_of(lanes, first)
    if hits:
        counts.extend(repeat(0, max(hits) - first + 1 - len(counts)))
        for bucket, n in Counter(hits).items():
            counts[bucket - first] += n
    return first, counts


def _sum_of(values: Iterable[bytes], first: int) -> array[int]:
    """Return the sum of lanes from a bucket on.

    It is the sum of large integers, with 64 bits for every bucket, so that no lane overflows.
    """
    total = 0
    for value in values:
        width = value[0]
        wide = bytearray(8 * ((len(value) - _HEADER) // width))
        for place in range(width):
            wide[place::8] = value[_HEADER + place :: width]
        total += int.from_bytes(wide, "little") << 64 * (_first(value) - first)
    return _array_of("Q", total.to_bytes(-(-total.bit_length() // 64) * 8, "little"))


def _in_list(value: bytes, counts: Mapping[int, int]) -> bytes | None:
    """Return the longer list; None where it cannot stay one, or something is taken out."""
    if min(counts.values(), default=0) <= 0:
        return None
    hits = _array_of("H", value[1:])
    span = max(hits[-1], *counts) - min(hits[0], *counts) + 1
    if not _is_list(len(hits) + sum(counts.values()), span):
        return None
    for bucket, n in counts.items():
        at = bisect_left(hits, bucket)
        hits[at:at] = array("H", repeat(bucket, n))
    return EMPTY + _bytes_of(hits)


def _in_lanes(value: bytes, counts: Mapping[int, int]) -> bytes | None:
    """Return lanes with more in them; None where these must be wider, or something is taken out."""
    if min(counts.values(), default=0) <= 0:
        return None
    width, last = value[0], max(counts)
    first = min(_first(value), *counts)
    before = bytes(width * (_first(value) - first))
    lanes = _array_of(_LANES[width], before + value[_HEADER:])
    lanes.frombytes(bytes(width * max(0, last - first + 1 - len(lanes))))
    limit = 1 << 8 * width
    for bucket, n in counts.items():
        if lanes[bucket - first] + n >= limit:
            return None
        lanes[bucket - first] += n
    if _is_list(sum(lanes), len(lanes)):
        return None
    return _header(width, first) + _bytes_of(lanes)


def _is_list(total: int, span: int) -> bool:
    """Whether so many latencies within so many buckets are kept as a list."""
    return total <= _FEW or 2 * total <= span


def _added(counts: dict[int, int], more: Mapping[int, int]) -> dict[int, int]:
    for bucket, n in more.items():
        counts[bucket] = counts.get(bucket, 0) + n
    return counts


def _width_of(count: int) -> int:
    return next(width for width in _LANES if count < 1 << 8 * width)


def _header(width: int, first: int) -> bytes:
    return bytes([width]) + first.to_bytes(2, "little")


def _first(value: bytes) -> int:
    return int.from_bytes(value[1:_HEADER], "little")


def _array_of(code: str, data: bytes) -> array[int]:
    found = array(code, data)
    if sys.byteorder == "big":
        found.byteswap()
    return found


def _bytes_of(values: array[int]) -> bytes:
    if sys.byteorder == "big":
        values = array(values.typecode, values)
        values.byteswap()
    return values.tobytes()
