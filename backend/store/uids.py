"""Identities of events: UUIDv7 of RFC 9562, growing with arrival."""

from __future__ import annotations

import os

_COUNTER_BITS = 20
_RANDOM_BITS = 62 - _COUNTER_BITS
_VERSION = 0x7 << 76
_VARIANT = 0b10 << 62


def new_uids(count: int, *, now_us: int) -> list[bytes]:
    """Return `count` identities that sort by `now_us` (Unix microseconds), then by position."""
    milliseconds, microseconds = divmod(now_us, 1000)
    # Twelve bits below the millisecond: microseconds as a fraction of 4096.
    head = (milliseconds << 80) | _VERSION | ((microseconds * 4096 // 1000) << 64) | _VARIANT
    noise = os.urandom(8 * count)
    mask = (1 << _RANDOM_BITS) - 1
    return [
        (
            head
            | (position % (1 << _COUNTER_BITS)) << _RANDOM_BITS
            | int.from_bytes(noise[8 * position : 8 * position + 8], "big") & mask
        ).to_bytes(16, "big")
        for position in range(count)
    ]
