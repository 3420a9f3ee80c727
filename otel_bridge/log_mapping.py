"""From a log record to events: for programs that tell their calls in logs.

A log record makes no span and no run of its own: it tells that a call or a tool ended. Where a span
tells the same, the backend sees it and counts one.
"""

from __future__ import annotations

from dataclasses import replace

from otel_bridge.conventions.logs import LogFacts, facts_of_log
from otel_bridge.event import Event
from otel_bridge.log_record import LOG_SCOPE, LogRecord
from otel_bridge.mapping import finished_event
from otel_bridge.pricing import PriceBook
from otel_bridge.record import SpanRecord


def events_from_log(
    record: LogRecord,
    *,
    prices: PriceBook,
    default_agent: str | None = None,
    capture_content: bool = False,
) -> tuple[Event, ...]:
    """Return the event of a log record that tells of a call or a tool; none for any other record.

    The event has no span of its own: `trace_id` and `parent_span_id` are those of the span in which
    it was written, if there was one. It ended when it was written; when it began, and its latency,
    are unknown where the record tells no duration.
    """
    told = facts_of_log(record)
    if told is None:
        return ()
    made = finished_event(
        _as_span(record, told),
        told.facts,
        prices,
        owner=default_agent or record.resource.service_name,
        capture_content=capture_content,
    )
    event = replace(
        made,
        dedupe_key=f"otel-log:{record.digest}",
        trace_id=record.trace_id,
        span_id=None,
        parent_span_id=record.span_id,
    )
    if told.duration_ms is None:
        event = replace(event, started_at_us=None, latency_ms=None)
    return (event,)


def _as_span(record: LogRecord, told: LogFacts) -> SpanRecord:
    """Return the span that a tracer would have made of it, without an identity."""
    duration_ns = (told.duration_ms or 0) * 1_000_000
    return SpanRecord(
        trace_id="",
        span_id="",
        parent_span_id=None,
        name=told.name,
        start_ns=max(0, record.time_ns - duration_ns),
        end_ns=record.time_ns,
        attributes={},
        scope_name=f"{LOG_SCOPE}{record.scope_name}",
        scope_version=record.scope_version,
        resource=told.resource,
    )
