"""What each field of a posted event must be; every problem is a sentence for the caller."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from backend.body import readable
from backend.store.costing import MAX_COST_USD
from backend.uuids import uuid_of
from otel_bridge.event import MAX_PAYLOAD_BYTES, compact_json, micros

#: Deeper JSON is nobody's data, and could exhaust the stack of whoever reads it.
MAX_PAYLOAD_DEPTH = 64

_HEX = re.compile(r"(?!0+$)[0-9a-f]+", re.ASCII)


class RejectedError(Exception):
    """One event cannot be stored; the text says why."""


def time_us(field: str, text: str) -> int:
    """Return Unix microseconds of an RFC 3339 time with any offset."""
    try:
        moment = msgspec.convert(text, datetime)
    except msgspec.ValidationError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise RejectedError(
            f"{field}: {text[:40]!r} is not an RFC 3339 time with an offset, such as"
            " 2026-01-31T12:00:00.000001Z"
        )
    return micros(moment)


def uuid_text(text: str) -> str:
    """Return a run's UUID in its usual form."""
    run_id = uuid_of(text)
    if run_id is None:
        raise RejectedError(f"run_id: {text[:64]!r} is not a UUID")
    return run_id


def hex_id(field: str, text: str | None, *, digits: int) -> str | None:
    """Return the id of a trace or span in lower case; None stays None."""
    if text is None:
        return None
    lowered = text.lower()
    if len(lowered) != digits or _HEX.fullmatch(lowered) is None:
        raise RejectedError(f"{field} must be {digits} hex digits and not all zero")
    return lowered


def checked_cost(cost_usd: Decimal) -> Decimal:
    """Return the cost; raise for what is no amount of money."""
    if not cost_usd.is_finite() or cost_usd < 0:
        raise RejectedError("cost_usd must be a number of at least 0")
    if cost_usd > MAX_COST_USD:
        raise RejectedError(f"cost_usd must be at most {MAX_COST_USD}")
    return cost_usd.copy_abs()


def checked_payload(raw: bytes) -> dict[str, Any]:
    """Return the object; raise where it is none, too large, or nested too deeply."""
    if raw in (b"{}", b"null"):
        return {}
    try:
        payload = msgspec.json.decode(raw)
    except msgspec.ValidationError as error:
        raise RejectedError(f"payload: {readable(error)}") from error
    if not isinstance(payload, dict):
        raise RejectedError("payload must be an object")
    brackets = raw.count(b"{") + raw.count(b"[")
    if brackets > MAX_PAYLOAD_DEPTH and depth_of(payload) > MAX_PAYLOAD_DEPTH:
        raise RejectedError(f"payload is nested more than {MAX_PAYLOAD_DEPTH} deep")
    if len(raw) > MAX_PAYLOAD_BYTES and len(compact_json(payload)) > MAX_PAYLOAD_BYTES:
        raise RejectedError(f"payload is larger than {MAX_PAYLOAD_BYTES} bytes")
    return payload


def depth_of(value: Any) -> int:
    """Return how many objects and arrays stand in each other."""
    deepest, stack = 0, [(value, 1)]
    while stack:
        item, depth = stack.pop()
        if isinstance(item, dict | list):
            deepest = max(deepest, depth)
            below = item.values() if isinstance(item, dict) else item
            stack.extend((child, depth + 1) for child in below)
    return deepest


def provider_in(payload: dict[str, Any]) -> str | None:
    """Return `payload.provider`, which is accepted as the same as `provider`."""
    provider = payload.get("provider")
    return provider if isinstance(provider, str) and 0 < len(provider) <= 64 else None
