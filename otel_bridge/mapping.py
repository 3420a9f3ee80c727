"""From a span to events: the one mapping behind the processor and the backend's `/v1/traces`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from otel_bridge.conventions import facts_of
from otel_bridge.conventions.links import span_before
from otel_bridge.event import (
    CostSource,
    Event,
    EventType,
    SpanLink,
    compact_json,
    round_money,
)
from otel_bridge.facts import MappingWarning, Operation, SpanFacts, Usage
from otel_bridge.pricing import PriceBook, Quote
from otel_bridge.record import SpanRecord

_MAX_ERROR_CHARS = 2000
_MAX_NAME_CHARS = 255
_MAX_PROVIDER_CHARS = 64
#: Each of input and output: both stay below the API's limit of a payload, escapes included.
_MAX_CONTENT_BYTES = 24 * 1024
#: By how much of the larger one two costs of a call may differ before that is told.
_COST_TOLERANCE = Decimal("0.25")
#: Names in the payload, and the fields of the usage.
_PARTS = (
    ("cache_write_1h", "tokens_cache_write_1h"),
    ("audio_in", "tokens_audio_in"),
    ("audio_cache_read", "tokens_audio_cache_read"),
    ("audio_out", "tokens_audio_out"),
    ("image_in", "tokens_image_in"),
    ("image_out", "tokens_image_out"),
)


def events_from(
    record: SpanRecord,
    *,
    prices: PriceBook,
    default_agent: str | None = None,
    capture_content: bool = False,
) -> tuple[Event, ...]:
    """Return the events of a finished span; none where no convention knows it.

    An agent span makes two (it started, it finished), any other span one. Whether an agent span
    with a parent is a run or an action is settled by the backend, which sees the whole trace.
    `default_agent` is the owner of spans that stand below no agent; else the service's name is.
    """
    facts = facts_of(record)
    if facts is None or facts.operation is Operation.NOTHING:
        return ()
    owner = default_agent or record.resource.service_name
    finished = finished_event(record, facts, prices, owner=owner, capture_content=capture_content)
    if not facts.operation.is_agent:
        return (finished,)
    return (_started(record, facts, owner), finished)


def started_event(record: SpanRecord, *, default_agent: str | None = None) -> Event | None:
    """Return the event of an agent span that has only started; None for any other span."""
    facts = facts_of(record)
    if facts is None or not facts.operation.is_agent:
        return None
    return _started(record, facts, default_agent or record.resource.service_name)


def link_from(record: SpanRecord) -> SpanLink | None:
    """Return what leads on from a span without events to the span above; None for a root.

    A root that continues another trace leads to the span there, whether it makes events or not.
    """
    if record.parent_span_id is not None:
        return SpanLink(record.trace_id, record.span_id, record.parent_span_id)
    before = span_before(record)
    if before is None:
        return None
    return SpanLink(record.trace_id, record.span_id, before.span_id, before.trace_id)


def _event_type(record: SpanRecord, operation: Operation, phase: str) -> EventType:
    if operation.is_call:
        return "llm_call"
    if operation is Operation.TOOL:
        return "tool_call"
    is_run = operation.is_agent and record.parent_span_id is None
    if phase == "started":
        return "run_started" if is_run else "action_started"
    return "run_finished" if is_run else "action_finished"


def _started(record: SpanRecord, facts: SpanFacts, owner: str | None) -> Event:
    event_type = _event_type(record, facts.operation, "started")
    return Event(
        event_type=event_type,
        created_at_us=record.start_ns // 1000,
        name=_cut(record.name),
        agent=_cut(facts.agent),
        default_agent=_cut(owner),
        dedupe_key=_dedupe_key(record, event_type),
        trace_id=record.trace_id,
        span_id=record.span_id,
        parent_span_id=record.parent_span_id,
        operation=facts.operation.value,
        scope=_cut(record.scope_name),
        resource=record.resource.key,
    )


def finished_event(
    record: SpanRecord,
    facts: SpanFacts,
    prices: PriceBook,
    *,
    owner: str | None,
    capture_content: bool,
) -> Event:
    """Return the event of a span that ended, by what it says; `owner` is its default agent."""
    start_ns = record.start_ns if facts.started_ns is None else facts.started_ns
    end_ns = start_ns if record.end_ns is None else max(record.end_ns, start_ns)
    event_type = _event_type(record, facts.operation, "finished")
    cost_usd, source, version = _cost(facts, prices, end_ns)
    warnings = facts.warnings | _doubts(facts, cost_usd, source)
    usage = facts.usage
    return Event(
        event_type=event_type,
        created_at_us=end_ns // 1000,
        started_at_us=start_ns // 1000,
        status="error" if facts.failed else "success",
        name=_cut(record.name),
        agent=_cut(facts.agent),
        default_agent=_cut(owner),
        provider=_cut(facts.provider, _MAX_PROVIDER_CHARS),
        model=_cut(facts.response_model or facts.request_model),
        tokens_in=usage.tokens_in,
        tokens_out=usage.tokens_out,
        tokens_cache_read=usage.tokens_cache_read,
        tokens_cache_write=usage.tokens_cache_write,
        tokens_reasoning=usage.tokens_reasoning,
        cost_usd=cost_usd,
        latency_ms=(end_ns - start_ns + 500_000) // 1_000_000,
        payload=_payload(facts, warnings, (source, version), capture_content=capture_content),
        dedupe_key=_dedupe_key(record, event_type),
        trace_id=record.trace_id,
        span_id=record.span_id,
        parent_span_id=record.parent_span_id,
        operation=facts.operation.value,
        scope=_cut(record.scope_name),
        resource=record.resource.key,
        response_id=_cut(_told_again_by(facts)),
    )


def _told_again_by(facts: SpanFacts) -> str | None:
    """Return the id under which another record may tell the same call, or execution of a tool."""
    return facts.tool_call_id if facts.operation is Operation.TOOL else facts.response_id


def _cut(name: str | None, at_most: int = _MAX_NAME_CHARS) -> str | None:
    """Return a name as the API takes it: not too long, without NUL; None for an empty one."""
    return name[:at_most].replace("\0", "\N{REPLACEMENT CHARACTER}") if name else None


def _amount(cost_usd: Decimal | None) -> str | None:
    return None if cost_usd is None else format(round_money(cost_usd), "f")


def _dedupe_key(record: SpanRecord, event_type: str) -> str:
    return f"otel:{record.trace_id}:{record.span_id}:{event_type}"


def _cost(
    facts: SpanFacts, prices: PriceBook, end_ns: int
) -> tuple[Decimal | None, CostSource | None, str | None]:
    """Return cost, its source and the price's version.

    The owner's price goes first, then what the program states, the price list, the tracer.
    """
    quote = _quote(facts, prices, datetime.fromtimestamp(end_ns // 1_000_000_000, UTC))
    if quote is not None and (quote.source == "owner" or facts.stated_cost_usd is None):
        return quote.cost_usd, quote.source, quote.version
    if facts.stated_cost_usd is not None:
        return round_money(facts.stated_cost_usd), "client", None
    if facts.cost_usd is not None:
        return round_money(facts.cost_usd), "tracer", None
    return None, None, None


def _quote(facts: SpanFacts, prices: PriceBook, at: datetime) -> Quote | None:
    """Return the price of the model that answered, else of the one that was asked for."""
    models = (facts.response_model, facts.request_model)
    quotes = (prices.quote(facts.provider, model, facts.usage, at=at) for model in models)
    return next((quote for quote in quotes if quote is not None), None)


def _doubts(
    facts: SpanFacts, cost_usd: Decimal | None, source: CostSource | None
) -> frozenset[MappingWarning]:
    """Return the warning that the tracer's cost and ours are far apart."""
    told = facts.cost_usd
    if told is None or cost_usd is None or source != "price_list":
        return frozenset()
    if abs(told - cost_usd) <= _COST_TOLERANCE * max(told, cost_usd):
        return frozenset()
    return frozenset({MappingWarning.COST_DIFFERS})


def _payload(
    facts: SpanFacts,
    warnings: Iterable[MappingWarning],
    price: tuple[CostSource | None, str | None],
    *,
    capture_content: bool,
) -> dict[str, Any]:
    """Return what the columns do not hold, without what the span does not say."""
    said = {
        "convention": facts.convention,
        "operation": facts.operation.value,
        "tool": _cut(facts.tool),
        "tool_call_id": _cut(facts.tool_call_id),
        "error": facts.error[:_MAX_ERROR_CHARS] if facts.error else None,
        "error_type": _cut(facts.error_type),
        "request_model": _cut(facts.request_model),
        "finish_reason": _cut(facts.finish_reason),
        "session": _cut(facts.session),
        "user": _cut(facts.user),
        "run": _cut(facts.run_id),
        "cost_source": price[0],
        "price_version": price[1],
        "tracer_cost_usd": _amount(facts.cost_usd),
        "delegate": _cut(facts.delegate),
        "decided_by": dict(facts.decided_by) or None,
        "usage": _parts(facts.usage),
        "usage_basis": facts.usage_basis.value if facts.usage_basis else None,
        "warnings": sorted(warning.value for warning in warnings) or None,
    }
    if capture_content:
        said |= _content(facts)
    return {name: value for name, value in said.items() if value is not None}


def _parts(usage: Usage) -> dict[str, int] | None:
    """Return the parts of the usage that have a price of their own and no column."""
    if not usage.has_priced_parts:
        return None
    counts = ((name, getattr(usage, field)) for name, field in _PARTS)
    return {name: count for name, count in counts if count}


def _content(facts: SpanFacts) -> dict[str, Any]:
    """Return what went in and came out; a long text is cut, and `truncated` says so."""
    told = {"input": facts.input, "output": facts.output}
    texts = {
        name: value if isinstance(value, str) else compact_json(value).decode()
        for name, value in told.items()
        if value is not None
    }
    cut = {name: _cut_bytes(text, _MAX_CONTENT_BYTES) for name, text in texts.items()}
    return cut if cut == texts else {**cut, "truncated": True}


def _cut_bytes(text: str, at_most: int) -> str:
    return text.encode("utf-8", "replace")[:at_most].decode("utf-8", "ignore")
