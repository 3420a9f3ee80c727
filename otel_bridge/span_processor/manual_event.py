"""An event from what a program says by hand."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import fields as fields_of
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, cast

from otel_bridge.conventions.values import amount_of
from otel_bridge.event import EVENT_STATUSES, EVENT_TYPES, Event, EventType, micros

_COUNTS = (
    "agent_id",
    "tokens_in",
    "tokens_out",
    "tokens_cache_read",
    "tokens_cache_write",
    "tokens_reasoning",
    "latency_ms",
)
_MOMENTS = {"created_at": "created_at_us", "started_at": "started_at_us"}
_ALLOWED = {field.name for field in fields_of(Event)} - {"event_type", *_MOMENTS.values()}


def event_of(event_type: str, fields: Mapping[str, Any], *, now: datetime) -> Event:
    """Return the event; it happened `now` and has a key of its own unless the fields say otherwise.

    Raises ValueError or TypeError, saying what is wrong, for what the API would not take.
    """
    if event_type not in EVENT_TYPES:
        raise ValueError(f"invalid event_type {event_type!r}: one of {', '.join(EVENT_TYPES)}")
    if unknown := fields.keys() - _ALLOWED - _MOMENTS.keys():
        raise ValueError(f"unknown field {', '.join(sorted(unknown))}")
    said = {name: value for name, value in fields.items() if value is not None}
    if said.get("status", "info") not in EVENT_STATUSES:
        raise ValueError(f"invalid status {said['status']!r}: one of {', '.join(EVENT_STATUSES)}")
    if not isinstance(said.get("payload", {}), Mapping):
        raise TypeError("payload must be a mapping")
    for name in _COUNTS:
        _check_count(name, said.get(name))
    if "cost_usd" in said:
        said["cost_usd"] = _money(said["cost_usd"])
    said.setdefault("created_at", now)
    # Without a key of its own, an event that is sent twice would count twice.
    said.setdefault("dedupe_key", f"sdk:{uuid.uuid4()}")
    for name, column in _MOMENTS.items():
        if name in said:
            said[column] = _moment_us(name, said.pop(name))
    return Event(event_type=cast(EventType, event_type), **said)


def _check_count(name: str, value: Any) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{name} must be a whole number from 0, not {value!r}")


def _money(value: Any) -> Decimal:
    """Return USD; a float counts as the number that it prints as."""
    amount = amount_of(str(value) if isinstance(value, Decimal) else value)
    if amount is None:
        raise ValueError(f"cost_usd must be a number of USD from 0 to 100,000, not {value!r:.60}")
    return amount


def _moment_us(name: str, value: Any) -> int:
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if not isinstance(value, datetime):
        raise TypeError(f"{name} must be a datetime or RFC 3339 text, not {value!r}")
    # A time without a zone is taken as UTC, as the API does.
    return micros(value if value.tzinfo else value.replace(tzinfo=UTC))
