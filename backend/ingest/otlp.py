"""OTLP trace requests, protobuf and JSON, as `SpanRecord`s."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from backend.ingest.otlp_body import Signal, attributes_of
from otel_bridge.record import Resource, SpanEvent, SpanKind, SpanRecord, SpanRef, StatusCode

_KINDS: tuple[SpanKind, ...] = get_args(SpanKind)
_STATUS_CODES: tuple[StatusCode, ...] = get_args(StatusCode)


@dataclass(frozen=True, slots=True)
class BadSpan:
    """A span that cannot be stored, and why."""

    reason: str


TRACES = Signal(
    "trace",
    ExportTraceServiceRequest,
    (("resourceSpans", "resource_spans"), ("scopeSpans", "scope_spans"), ("spans", "spans")),
)


def parse_protobuf(body: bytes) -> ExportTraceServiceRequest:
    """Return the request; raise 400 where the body is not one."""
    return TRACES.from_protobuf(body)


def parse_json(body: bytes) -> ExportTraceServiceRequest:
    """Return the request of OTLP/JSON; raise 400 where the body is not one."""
    return TRACES.from_json(body)


def records_of(request: ExportTraceServiceRequest) -> list[SpanRecord | BadSpan]:
    """Return every span of the request in its order, as a record or as why it cannot be one."""
    records: list[SpanRecord | BadSpan] = []
    for resource_spans in request.resource_spans:
        resource = Resource.of(attributes_of(resource_spans.resource.attributes))
        for scope_spans in resource_spans.scope_spans:
            records.extend(_record(span, scope_spans.scope, resource) for span in scope_spans.spans)
    return records


def _record(span: Span, scope: InstrumentationScope, resource: Resource) -> SpanRecord | BadSpan:
    problem = _problem(span)
    if problem is not None:
        return BadSpan(problem)
    return SpanRecord(
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_span_id=span.parent_span_id.hex() if any(span.parent_span_id) else None,
        name=span.name,
        start_ns=span.start_time_unix_nano,
        end_ns=span.end_time_unix_nano,
        attributes=attributes_of(span.attributes),
        kind=_KINDS[span.kind] if 0 <= span.kind < len(_KINDS) else "unspecified",
        events=tuple(
            SpanEvent(event.name, event.time_unix_nano, attributes_of(event.attributes))
            for event in span.events
        ),
        links=tuple(SpanRef(link.trace_id.hex(), link.span_id.hex()) for link in span.links),
        status_code=_status(span.status.code),
        status_message=span.status.message,
        scope_name=scope.name,
        scope_version=scope.version,
        resource=resource,
    )


def _problem(span: Span) -> str | None:
    if len(span.trace_id) != 16 or not any(span.trace_id):
        return "trace_id must be 16 bytes (32 hex digits) and not all zero"
    if len(span.span_id) != 8 or not any(span.span_id):
        return "span_id must be 8 bytes (16 hex digits) and not all zero"
    if len(span.parent_span_id) not in (0, 8):
        return "parent_span_id must be 8 bytes (16 hex digits) or empty"
    if not span.start_time_unix_nano or not span.end_time_unix_nano:
        return "start_time_unix_nano and end_time_unix_nano must be set"
    return None


def _status(code: int) -> StatusCode:
    return _STATUS_CODES[code] if 0 <= code < len(_STATUS_CODES) else "unset"
