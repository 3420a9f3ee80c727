"""The event that the bridge posts and the backend stores, as docs/01-event-schema.md says it."""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any, Literal, get_args

from otel_bridge.noun import noun

EventType = Literal[
    "run_started",
    "run_finished",
    "action_started",
    "action_finished",
    "tool_call",
    "tool_result",
    "llm_call",
    "error",
    "metric",
    "heartbeat",
]
EventStatus = Literal["success", "error", "info"]
CostSource = Literal["owner", "client", "price_list", "tracer"]

EVENT_TYPES: tuple[str, ...] = get_args(EventType)
EVENT_STATUSES: tuple[str, ...] = get_args(EventStatus)

#: The largest payload that the API takes, in bytes of compact UTF-8 JSON.
MAX_PAYLOAD_BYTES = 64 * 1024

_RUN_NAMESPACE = uuid.UUID("6f9ac05e-5d37-5a3c-9a43-0d6b9b0a1c11")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NANO = Decimal("1e-9")
#: Not the host program's context, which may round earlier or trap.
_EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)


def micros(moment: datetime) -> int:
    """Return Unix microseconds of an aware datetime, exactly."""
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def rfc3339(time_us: int) -> str:
    """Return Unix microseconds as RFC 3339 UTC with six decimals and a `Z`."""
    moment = _EPOCH + timedelta(microseconds=time_us)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def round_money(amount: Decimal) -> Decimal:
    """Return USD rounded half-even to nine places: done once, when an event's cost is fixed."""
    return amount.quantize(_NANO, context=_EXACT)


def run_id_of(trace_id: str, span_id: str) -> str:
    """Return the id of the run whose agent span this is: the same in the bridge and the backend."""
    return str(uuid.uuid5(_RUN_NAMESPACE, f"{trace_id}:{span_id}"))


@noun
class Event:
    """One thing that happened. Times are Unix microseconds, money USD, latency milliseconds.

    `agent` is the agent that the span itself names; `default_agent` is who it belongs to where no
    agent span stands above it. `operation`, `scope`, `resource` and `response_id` let the backend
    see which spans tell the same call.
    """

    event_type: EventType
    created_at_us: int
    status: EventStatus = "info"
    name: str | None = None
    agent: str | None = None
    default_agent: str | None = None
    agent_id: int | None = None
    run_id: str | None = None
    provider: str | None = None
    model: str | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    tokens_cache_read: int | None = None
    tokens_cache_write: int | None = None
    tokens_reasoning: int | None = None
    cost_usd: Decimal | None = None
    latency_ms: int | None = None
    payload: Mapping[str, Any] = field(default_factory=dict)
    dedupe_key: str | None = None
    trace_id: str | None = None
    span_id: str | None = None
    parent_span_id: str | None = None
    started_at_us: int | None = None
    operation: str | None = None
    scope: str | None = None
    resource: str | None = None
    response_id: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object of the ingest API: no nulls, RFC 3339 times, cost as a string."""
        body: dict[str, Any] = {
            name: value for name in _PLAIN_FIELDS if (value := getattr(self, name)) is not None
        }
        body["created_at"] = rfc3339(self.created_at_us)
        if self.started_at_us is not None:
            body["started_at"] = rfc3339(self.started_at_us)
        if self.cost_usd is not None:
            body["cost_usd"] = format(self.cost_usd, "f")
        if self.payload:
            body["payload"] = dict(self.payload)
        return body


_PLAIN_FIELDS = tuple(
    name
    for name in Event.__dataclass_fields__
    if name not in ("created_at_us", "started_at_us", "cost_usd", "payload")
)


@dataclass(frozen=True, slots=True)
class SpanLink:
    """The parent of a span that makes no event but stands between two that do (an HTTP span).

    `parent_trace_id` is set where the run goes on from a span of another trace.
    """

    trace_id: str
    span_id: str
    parent_span_id: str
    parent_trace_id: str | None = None

    def to_dict(self) -> dict[str, str]:
        """Return the JSON object of the ingest API."""
        body = {
            "trace_id": self.trace_id,
            "span_id": self.span_id,
            "parent_span_id": self.parent_span_id,
        }
        if self.parent_trace_id is not None:
            body["parent_trace_id"] = self.parent_trace_id
        return body


def compact_json(value: Any) -> bytes:
    """Return `value` as compact UTF-8 JSON.

    What JSON does not know is written as its text, NaN and Infinity as null. Raises TypeError,
    ValueError or RecursionError where that is not possible.
    """
    data = _json(value)
    if b"NaN" in data or b"Infinity" in data:
        return _json(_finite(value))
    return data


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=str).encode(
        "utf-8", "replace"
    )


def _finite(value: Any) -> Any:
    """Return the same with None for every number that JSON does not have."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return value
