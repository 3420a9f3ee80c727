"""An event as the store sees it: from what a client sent, or from what is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import Select, select

from backend.models import EventRow
from backend.store.accounting import Entry
from backend.store.latency import MAX_LATENCY_MS
from otel_bridge.event import Event, compact_json

MAX_ERROR_LENGTH = 1000
#: More than any call, run or day could hold, and small enough that no sum of them overflows.
MAX_TOKENS = 10**12
#: A million dollars for one event: sums of thousands of such events still fit 64 bits.
MAX_COST_USD = Decimal(1_000_000)
_YEAR_10000_US = 253_402_300_800 * 1_000_000


class Placement(NamedTuple):
    """What the server decided of an event, in the order of the columns of `obs_events`."""

    event_type: str
    agent_id: int | None
    run_id: str | None
    counted: bool
    set_aside_reason: str | None


@dataclass(frozen=True, slots=True)
class Row:
    """What accounting, sums and runs need of an event. `placement` is None until it is stored."""

    entry: Entry
    provider: str | None
    tool: str | None
    cost_nusd: int | None
    latency_ms: int | None
    error_message: str | None
    placement: Placement | None


#: A row and the place it has now.
Placed = tuple[Row, Placement]


@dataclass(frozen=True, slots=True)
class NewRow:
    """An accepted event on its way into the store."""

    row: Row
    identity: str | None
    name: str | None
    cost_source: str | None
    payload: str


_COLUMN_OF = {
    "event_type": "sent_event_type",
    "agent": "agent_name",
    "has_cost": "cost_nusd",
}
_ENTRY_FIELDS = [item.name for item in fields(Entry)]
_ENTRY_WIDTH = len(_ENTRY_FIELDS)
_HAS_COST = _ENTRY_FIELDS.index("has_cost")

#: The columns of `obs_events` that make a `Row`, in the order that `stored_row` takes; first `uid`.
ROW_COLUMNS = (
    *(_COLUMN_OF.get(name, name) for name in _ENTRY_FIELDS),
    *("provider", "tool", "cost_nusd", "latency_ms", "error_message"),
    *Placement._fields,
)


def select_rows() -> Select[Any]:
    """Return the query of the columns that `stored_row` takes."""
    return select(*(EventRow.__table__.c[name] for name in ROW_COLUMNS))


def stored_row(values: Sequence[Any]) -> Row:
    """Return a row from the values of `ROW_COLUMNS`."""
    entry = [*values[:_ENTRY_WIDTH]]
    entry[_HAS_COST] = entry[_HAS_COST] is not None
    provider, tool, cost_nusd, latency_ms, error_message, *placement = values[_ENTRY_WIDTH:]
    event_type, agent_id, run_id, counted, reason = placement
    return Row(
        Entry(*entry),
        provider,
        tool,
        cost_nusd,
        latency_ms,
        error_message,
        Placement(event_type, agent_id, run_id, bool(counted), reason),
    )


def out_of_range(event: Event) -> str | None:
    """Return what no sum could hold, as a sentence; None when all is well."""
    for name, most in _LIMITS:
        value = getattr(event, name)
        if value is not None and not 0 <= value <= most:
            return f"{name} must be between 0 and {most}"
    cost = event.cost_usd
    if cost is not None and not (cost.is_finite() and 0 <= cost <= MAX_COST_USD):
        return f"cost_usd must be between 0 and {MAX_COST_USD}"
    if not 0 <= event.created_at_us < _YEAR_10000_US:
        return "created_at must be between the years 1970 and 9999"
    return None


_LIMITS = (
    ("tokens_in", MAX_TOKENS),
    ("tokens_out", MAX_TOKENS),
    ("tokens_cache_read", MAX_TOKENS),
    ("tokens_cache_write", MAX_TOKENS),
    ("tokens_reasoning", MAX_TOKENS),
    ("latency_ms", MAX_LATENCY_MS),
    ("started_at_us", _YEAR_10000_US),
)


def new_row(event: Event, uid: UUID, *, identity: str | None) -> NewRow:
    """Return the row of an event that was checked; over-long names are cut."""
    payload = event.payload
    cost_nusd = None if event.cost_usd is None else nano_usd(event.cost_usd)
    return NewRow(
        row=Row(
            entry=_entry_of(event, uid, has_cost=cost_nusd is not None),
            provider=storable(event.provider, 64),
            tool=storable(payload.get("tool"), 255),
            cost_nusd=cost_nusd,
            latency_ms=event.latency_ms,
            error_message=_error_message(payload.get("error")),
            placement=None,
        ),
        identity=identity,
        name=storable(event.name, 255),
        cost_source=storable(payload.get("cost_source"), 16),
        payload=_json(payload),
    )


def _entry_of(event: Event, uid: UUID, *, has_cost: bool) -> Entry:
    return Entry(
        uid,
        event.event_type,
        event.status,
        event.created_at_us,
        event.started_at_us,
        storable(event.operation, 32),
        storable(event.trace_id, 64),
        storable(event.span_id, 64),
        storable(event.parent_span_id, 64),
        storable(event.run_id, 36),
        storable(event.agent, 255),
        event.agent_id,
        storable(event.default_agent, 255),
        event.tokens_in,
        event.tokens_out,
        event.tokens_cache_read,
        event.tokens_cache_write,
        event.tokens_reasoning,
        has_cost,
        storable(event.model, 255),
        storable(event.scope, 255),
        storable(event.response_id, 255),
        storable(event.resource, 64),
    )


def nano_usd(cost_usd: Decimal) -> int:
    """Return USD as integer nano-USD, half-even."""
    return int(cost_usd.scaleb(9).to_integral_value(ROUND_HALF_EVEN))


def storable(value: Any, limit: int) -> str | None:
    """Return text that both databases take: cut, without NUL and lone surrogates; '' is None."""
    if value is None:
        return None
    if type(value) is str and len(value) <= limit and value.isascii() and "\0" not in value:
        return value or None
    return _mended(value)[:limit] or None if isinstance(value, str) else None


def _mended(text: str) -> str:
    readable = text.encode("utf-8", "replace").decode()
    return readable.replace("\0", "\N{REPLACEMENT CHARACTER}")


def _error_message(error: Any) -> str | None:
    if isinstance(error, Mapping):
        error = error.get("message") or error.get("type")
    return storable(error, MAX_ERROR_LENGTH)


def _json(payload: Mapping[str, Any]) -> str:
    if not payload:
        return "{}"
    try:
        return _ENCODER.encode(payload).decode()
    except (TypeError, ValueError, OverflowError):
        # Lone surrogates, huge integers and foreign types: slower, but it takes them all.
        return compact_json(payload).decode()


_ENCODER = msgspec.json.Encoder()
