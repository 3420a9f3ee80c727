"""What a span says, for tests: a record of given attributes, and the facts of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from otel_bridge.conventions import facts_of
from otel_bridge.facts import Operation, SpanFacts, Usage
from otel_bridge.record import SpanEvent, SpanRecord


def span(
    attributes: Mapping[str, Any], *, name: str = "a span", scope: str = "", **fields: Any
) -> SpanRecord:
    """Return a root span of one second."""
    return SpanRecord(
        trace_id="a" * 32,
        span_id="b" * 16,
        parent_span_id=fields.pop("parent_span_id", None),
        name=name,
        start_ns=1_000_000_000,
        end_ns=2_000_000_000,
        attributes=attributes,
        scope_name=scope,
        **fields,
    )


def facts(attributes: Mapping[str, Any], **fields: Any) -> SpanFacts:
    """Return what a span says that some convention knows."""
    found = facts_of(span(attributes, **fields))
    assert found is not None
    return found


def operation(attributes: Mapping[str, Any], **fields: Any) -> Operation | None:
    """Return what a span did; None where no convention knows it."""
    found = facts_of(span(attributes, **fields))
    return None if found is None else found.operation


def usage(attributes: Mapping[str, Any], **fields: Any) -> Usage:
    """Return the tokens of a chat in OpenTelemetry's conventions."""
    return facts({"gen_ai.operation.name": "chat"} | dict(attributes), **fields).usage


def exception(kind: str, message: str = "") -> SpanEvent:
    """Return the event that a recorded exception leaves on a span."""
    return SpanEvent("exception", 1, {"exception.type": kind, "exception.message": message})
