"""Spans as tracers make them, for tests of the bridge."""

from __future__ import annotations

from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import Span, Tracer

CHAT: dict[str, str | int] = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.usage.input_tokens": 10,
    "gen_ai.usage.output_tokens": 5,
}
AGENT: dict[str, str | int] = {
    "gen_ai.operation.name": "invoke_agent",
    "gen_ai.agent.name": "planner",
}


def start(
    tracer: Tracer,
    name: str,
    *,
    attributes: dict[str, str | int] | None = None,
    parent: Span | None = None,
    start_time: int | None = None,
) -> Span:
    """Return a started span that is not the current one."""
    context = trace.set_span_in_context(parent or trace.INVALID_SPAN)
    return tracer.start_span(name, context=context, attributes=attributes, start_time=start_time)


def chat(tracer: Tracer, *, parent: Span | None = None) -> Span:
    """Return a finished model call."""
    span = start(tracer, "chat gpt-4o", attributes=dict(CHAT), parent=parent)
    span.end()
    return span


def hex_ids(span: Span) -> tuple[str, str]:
    """Return trace id and span id as the API writes them."""
    place = span.get_span_context()
    return trace.format_trace_id(place.trace_id), trace.format_span_id(place.span_id)


def readable(span: Span) -> ReadableSpan:
    """Return the same span as the SDK's readable one."""
    assert isinstance(span, ReadableSpan)
    return span
