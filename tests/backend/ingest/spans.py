"""OTLP requests for tests."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

CAPTURES = Path(__file__).parents[2] / "captures"
TRACE_ID = bytes.fromhex("4bf92f3577b34da6a3ce929d0e0e4736")
SPAN_ID = bytes.fromhex("00f067aa0ba902b7")


def attribute(name: str, value: Any) -> KeyValue:
    """Return an attribute whose value is a text, a whole number or a float."""
    if isinstance(value, str):
        return KeyValue(key=name, value=AnyValue(string_value=value))
    if isinstance(value, int):
        return KeyValue(key=name, value=AnyValue(int_value=value))
    return KeyValue(key=name, value=AnyValue(double_value=value))


def chat_span(**changes: Any) -> Span:
    """Return the span of a model call that just ended."""
    now_ns = time.time_ns()
    facts = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.response.model": "gpt-4o-2024-08-06",
        "gen_ai.usage.input_tokens": 100,
        "gen_ai.usage.output_tokens": 10,
    }
    fields: dict[str, Any] = {
        "trace_id": TRACE_ID,
        "span_id": SPAN_ID,
        "name": "chat gpt-4o",
        "start_time_unix_nano": now_ns - 50_000_000,
        "end_time_unix_nano": now_ns,
        "attributes": [attribute(name, value) for name, value in facts.items()],
    }
    return Span(**(fields | changes))


def request_of(*spans: Span) -> ExportTraceServiceRequest:
    """Return the request of one tracer in one service."""
    scoped = ScopeSpans(scope=InstrumentationScope(name="tracer", version="1"), spans=spans)
    resource = Resource(attributes=[attribute("service.name", "shop")])
    return ExportTraceServiceRequest(
        resource_spans=[ResourceSpans(resource=resource, scope_spans=[scoped])]
    )
