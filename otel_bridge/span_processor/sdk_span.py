"""From a span of the OpenTelemetry SDK to a `SpanRecord`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from opentelemetry.sdk.resources import Resource as SdkResource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import format_span_id, format_trace_id

from otel_bridge.event import SpanLink
from otel_bridge.mapping import link_from
from otel_bridge.record import (
    EMPTY_RESOURCE,
    Resource,
    SpanEvent,
    SpanKind,
    SpanRecord,
    SpanRef,
    StatusCode,
)

_MAX_RESOURCES = 64
_SCALARS = frozenset({str, int, float, bool})


class Resources:
    """Makes our resource of the SDK's, each once: a process has one or a few for all its spans."""

    def __init__(self) -> None:
        # The SDK's object is kept beside ours, so that its id() cannot pass to another one.
        self._known: dict[int, tuple[SdkResource, Resource]] = {}

    def of(self, resource: SdkResource | None) -> Resource:
        """Return the resource of an SDK resource; an empty one for None."""
        if resource is None:
            return EMPTY_RESOURCE
        known = self._known.get(id(resource))
        if known is None:
            if len(self._known) >= _MAX_RESOURCES:
                self._known.clear()
            known = (resource, Resource.of(_plain_mapping(resource.attributes)))
            self._known[id(resource)] = known
        return known[1]


def record_from(span: ReadableSpan, resources: Resources | None = None) -> SpanRecord:
    """Return a finished or a live span as a record; `end_ns` is None for a live one.

    Raises ValueError for a span without a context or a start.
    """
    context = span.context
    if context is None or span.start_time is None:
        raise ValueError("a span without context or start time")
    scope = span.instrumentation_scope
    return SpanRecord(
        trace_id=format_trace_id(context.trace_id),
        span_id=format_span_id(context.span_id),
        parent_span_id=None if span.parent is None else format_span_id(span.parent.span_id),
        name=span.name,
        start_ns=span.start_time,
        end_ns=span.end_time,
        attributes=_plain_mapping(span.attributes),
        kind=cast(SpanKind, span.kind.name.lower()),
        events=tuple(
            SpanEvent(event.name, event.timestamp, _plain_mapping(event.attributes))
            for event in span.events
        ),
        links=_links(span),
        status_code=cast(StatusCode, span.status.status_code.name.lower()),
        status_message=span.status.description or "",
        scope_name=scope.name if scope else "",
        scope_version=(scope.version or "") if scope else "",
        resource=(resources or Resources()).of(span.resource),
    )


def scope_name_of(span: ReadableSpan) -> str:
    """Return the name of the span's instrumentation scope, '' where it has none."""
    scope = span.instrumentation_scope
    return scope.name if scope else ""


def link_of(span: ReadableSpan) -> SpanLink | None:
    """Return what leads on from a span without events to the span above; None for a root.

    Raises ValueError for a span without a context or a start.
    """
    context = span.context
    if context is None:
        raise ValueError("a span without context")
    if span.parent is None:
        return link_from(record_from(span)) if span.links else None
    return SpanLink(
        format_trace_id(context.trace_id),
        format_span_id(context.span_id),
        format_span_id(span.parent.span_id),
    )


def _links(span: ReadableSpan) -> tuple[SpanRef, ...]:
    return tuple(
        SpanRef(format_trace_id(link.context.trace_id), format_span_id(link.context.span_id))
        for link in span.links
    )


def _plain_mapping(attributes: Mapping[str, Any] | None) -> dict[str, Any]:
    return {key: _plain(value) for key, value in attributes.items()} if attributes else {}


def _plain(value: Any) -> Any:
    """Return a value as OTLP would carry it: the SDK's tuples are lists there."""
    if type(value) in _SCALARS:
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return [_plain(inner) for inner in value]
    return value
