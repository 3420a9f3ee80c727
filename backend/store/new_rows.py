"""An event on its way into the store: checked, made storable, priced by what it tells itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from operator import attrgetter
from typing import Any

import msgspec
from msgspec import Struct

from backend.store.accounting import Entry, Told, Uid, identity_of, lasting_key, own_key
from backend.store.costing import (
    MAX_COST_USD,
    UNKNOWN_COST,
    Cost,
    PricedBy,
    cost_of,
    is_far_from,
    nano_usd,
    priced_by,
)
from backend.store.latency import MAX_LATENCY_MS
from backend.store.rows import Row, storable
from otel_bridge.event import Event, compact_json
from otel_bridge.pricing import PriceBook

MAX_ERROR_LENGTH = 1000
#: More than any call, run or day could hold, and small enough that no sum of them overflows.
MAX_TOKENS = 10**12
_YEAR_10000_US = 253_402_300_800 * 1_000_000


class NewRow(Struct, frozen=True):
    """An accepted event on its way into the store."""

    row: Row
    identity: Uid | None
    dedupe_key: str | None
    name: str | None
    payload: str


def out_of_range(event: Event) -> str | None:
    """Return what no sum could hold, as a sentence; None when all is well."""
    for value, (name, most) in zip(_limited(event), _LIMITS, strict=True):
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
_limited = attrgetter(*(name for name, _ in _LIMITS))


def new_row(event: Event, uid: Uid, *, book: PriceBook | None = None) -> NewRow:
    """Return the row of an event that was checked, with its own cost; over-long names are cut."""
    payload = event.payload
    entry = _entry_of(event, uid)
    lasting = lasting_key(event.dedupe_key) if event.dedupe_key else None
    priced = priced_by(payload)
    cost = _own_cost(entry, priced, book)
    return NewRow(
        row=Row(
            entry=entry,
            latency_ms=event.latency_ms,
            error_message=_error_message(payload.get("error")),
            warnings=_warnings(event, entry, cost),
            placement=None,
            priced=priced,
            own_cost=cost,
        ),
        identity=None if lasting is None else identity_of(lasting),
        dedupe_key=None if lasting is None else storable(own_key(lasting, entry), 255),
        name=storable(event.name, 255),
        payload=_json(payload),
    )


def _own_cost(entry: Entry, priced: PricedBy, book: PriceBook | None) -> Cost:
    """Return what an event costs by what it tells itself."""
    if entry.sent_cost_nusd is None and entry.tokens_in is None and entry.tokens_out is None:
        return UNKNOWN_COST
    return cost_of(Told.by(entry), priced, book, at_us=entry.created_us)


def _warnings(event: Event, entry: Entry, cost: Cost) -> str | None:
    """Return the mapping's codes, and whether the tracer's cost is far from the list's."""
    said = event.payload.get("warnings")
    if said is None and entry.tracer_cost_nusd is None:
        return None
    told = {code for code in (said if isinstance(said, list) else ()) if _is_code(code)}
    codes = told - {_COST_DIFFERS}
    if is_far_from(cost, entry.tracer_cost_nusd):
        codes.add(_COST_DIFFERS)
    return f" {' '.join(sorted(codes)[:_MAX_WARNINGS])} " if codes else None


def _is_code(value: Any) -> bool:
    return isinstance(value, str) and _CODE.fullmatch(value) is not None


_COST_DIFFERS = "cost_differs"
_CODE = re.compile(r"[a-z][a-z0-9_]{0,31}")
_MAX_WARNINGS = 7


def _sent_costs(event: Event) -> tuple[int | None, str | None, int | None]:
    """Return the posted cost in nano-USD, its source, and what the tracer reckoned.

    Who says no source means a cost of its own. A tracer's may be posted or told beside the cost.
    """
    if event.cost_usd is None:
        return None, None, _told_by_tracer(event)
    said = event.payload.get("cost_source")
    source = said if isinstance(said, str) and said in _SOURCES else "client"
    nusd = nano_usd(event.cost_usd)
    return nusd, source, nusd if source == "tracer" else _told_by_tracer(event)


def _told_by_tracer(event: Event) -> int | None:
    said = event.payload.get("tracer_cost_usd")
    try:
        amount = Decimal(said) if isinstance(said, str) else None
    except InvalidOperation:
        return None
    if amount is None or not (amount.is_finite() and 0 <= amount <= MAX_COST_USD):
        return None
    return nano_usd(amount)


_SOURCES = frozenset({"owner", "client", "price_list", "tracer"})


def _entry_of(event: Event, uid: Uid) -> Entry:
    payload = event.payload
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
        storable(payload.get("delegate"), 255),
        storable(payload.get("tool"), 255),
        storable(event.provider, 64),
        storable(event.model, 255),
        event.tokens_in,
        event.tokens_out,
        event.tokens_cache_read,
        event.tokens_cache_write,
        event.tokens_reasoning,
        storable(payload.get("session"), 255),
        *_sent_costs(event),
        storable(event.scope, 255),
        storable(event.response_id, 255),
        storable(event.resource, 64),
    )


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
