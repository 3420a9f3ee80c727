"""Captured spans made once more by the OpenTelemetry SDK, with their own ids and times."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1 import trace_pb2
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.trace import (
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)

_STATUS = {
    trace_pb2.Status.STATUS_CODE_UNSET: StatusCode.UNSET,
    trace_pb2.Status.STATUS_CODE_OK: StatusCode.OK,
    trace_pb2.Status.STATUS_CODE_ERROR: StatusCode.ERROR,
}


@dataclass(frozen=True, slots=True)
class _Captured:
    span: trace_pb2.Span
    scope: tuple[str, str]
    provider: TracerProvider
    ids: _GivenIds


class _GivenIds(IdGenerator):
    """Hands out the ids of the span that is about to be started."""

    def __init__(self) -> None:
        self.trace_id = 0
        self.span_id = 0

    def generate_trace_id(self) -> int:
        return self.trace_id

    def generate_span_id(self) -> int:
        return self.span_id


def replay_through(processor: SpanProcessor, request: ExportTraceServiceRequest) -> None:
    """Start and end every span of `request` in the order of its times, under `processor`."""
    captured = list(_captured(processor, request))
    moments: list[tuple[int, int, _Captured]] = []
    for item in captured:
        moments.append((item.span.start_time_unix_nano, 0, item))
        moments.append((item.span.end_time_unix_nano, 1, item))
    started: dict[bytes, Span] = {}
    for time_ns, is_end, item in sorted(moments, key=lambda moment: moment[:2]):
        if is_end:
            _finish(started.pop(item.span.span_id), item.span, time_ns)
        else:
            started[item.span.span_id] = _start(item)


def _captured(processor: SpanProcessor, request: ExportTraceServiceRequest) -> Iterator[_Captured]:
    for resource_spans in request.resource_spans:
        ids = _GivenIds()
        provider = TracerProvider(
            resource=Resource(_attributes(resource_spans.resource.attributes)),
            id_generator=ids,
            span_limits=SpanLimits(
                max_attributes=SpanLimits.UNSET,
                max_events=SpanLimits.UNSET,
                max_event_attributes=SpanLimits.UNSET,
            ),
            shutdown_on_exit=False,
        )
        provider.add_span_processor(processor)
        for scope_spans in resource_spans.scope_spans:
            scope = scope_spans.scope.name, scope_spans.scope.version
            for span in scope_spans.spans:
                yield _Captured(span, scope, provider, ids)


def _start(captured: _Captured) -> Span:
    span, ids = captured.span, captured.ids
    ids.trace_id = int.from_bytes(span.trace_id)
    ids.span_id = int.from_bytes(span.span_id)
    name, version = captured.scope
    return captured.provider.get_tracer(name, version or None).start_span(
        span.name,
        context=set_span_in_context(NonRecordingSpan(_parent(span))),
        kind=SpanKind(max(0, span.kind - 1)),
        attributes=_attributes(span.attributes),
        start_time=span.start_time_unix_nano,
    )


def _parent(span: trace_pb2.Span) -> SpanContext:
    """Return the parent's context; without a parent an invalid one, which makes a root."""
    return SpanContext(
        int.from_bytes(span.trace_id),
        int.from_bytes(span.parent_span_id),
        is_remote=False,
        trace_flags=TraceFlags(TraceFlags.SAMPLED),
    )


def _finish(span: Span, captured: trace_pb2.Span, time_ns: int) -> None:
    for event in captured.events:
        span.add_event(event.name, _attributes(event.attributes), timestamp=event.time_unix_nano)
    code = _STATUS[captured.status.code]
    span.set_status(Status(code, captured.status.message or None))
    span.end(time_ns)


def _attributes(pairs: Sequence[KeyValue]) -> Mapping[str, Any]:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(item) for item in value.array_value.values]
    return getattr(value, kind) if kind else None
