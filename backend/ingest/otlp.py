"""OTLP trace requests, protobuf and JSON, as `SpanRecord`s."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args

import msgspec
from google.protobuf.json_format import ParseDict, ParseError
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from backend.errors import ApiError
from otel_bridge.record import Resource, SpanEvent, SpanKind, SpanRecord, SpanRef, StatusCode

_KINDS: tuple[SpanKind, ...] = get_args(SpanKind)
_STATUS_CODES: tuple[StatusCode, ...] = get_args(StatusCode)
_ID_KEYS = ("traceId", "trace_id", "spanId", "span_id", "parentSpanId", "parent_span_id")
#: Stands for an id that is no hex: no valid id has one byte.
_BAD_ID = base64.b64encode(b"\0").decode()


@dataclass(frozen=True, slots=True)
class BadSpan:
    """A span that cannot be stored, and why."""

    reason: str


def parse_protobuf(body: bytes) -> ExportTraceServiceRequest:
    """Return the request; raise 400 where the body is not one."""
    try:
        return ExportTraceServiceRequest.FromString(body)
    except DecodeError as error:
        raise ApiError(400, "the body is not an ExportTraceServiceRequest in protobuf") from error


def parse_json(body: bytes) -> ExportTraceServiceRequest:
    """Return the request of OTLP/JSON; raise 400 where the body is not one.

    OTLP/JSON is protobuf's JSON mapping, but for ids, which are hex and not base64.
    """
    try:
        tree = msgspec.json.decode(body)
        if not isinstance(tree, dict):
            raise ApiError(400, "the body must be an object with resourceSpans")
        for span in _spans_in(tree):
            _rewrite_ids(span)
        return ParseDict(tree, ExportTraceServiceRequest(), ignore_unknown_fields=True)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ApiError(400, f"the body is not JSON: {error}") from error
    except (ParseError, RecursionError) as error:
        raise ApiError(400, f"the body is not an OTLP trace request: {error}") from error


def _spans_in(tree: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for resource_spans in _objects(tree, "resourceSpans", "resource_spans"):
        for scope_spans in _objects(resource_spans, "scopeSpans", "scope_spans"):
            yield from _objects(scope_spans, "spans", "spans")


def _objects(parent: Mapping[str, Any], *names: str) -> Iterator[dict[str, Any]]:
    for name in dict.fromkeys(names):
        children = parent.get(name)
        if isinstance(children, list):
            yield from (child for child in children if isinstance(child, dict))


def _rewrite_ids(span: dict[str, Any]) -> None:
    for carrier in (span, *_objects(span, "links", "links")):
        for key in _ID_KEYS:
            if isinstance(carrier.get(key), str):
                carrier[key] = _base64_of_hex(carrier[key])


def _base64_of_hex(text: str) -> str:
    try:
        return base64.b64encode(binascii.unhexlify(text)).decode()
    except ValueError:  # binascii.Error, and text beyond ASCII
        return _BAD_ID


def records_of(request: ExportTraceServiceRequest) -> list[SpanRecord | BadSpan]:
    """Return every span of the request in its order, as a record or as why it cannot be one."""
    records: list[SpanRecord | BadSpan] = []
    for resource_spans in request.resource_spans:
        resource = Resource.of(_attributes(resource_spans.resource.attributes))
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
        attributes=_attributes(span.attributes),
        kind=_KINDS[span.kind] if 0 <= span.kind < len(_KINDS) else "unspecified",
        events=tuple(
            SpanEvent(event.name, event.time_unix_nano, _attributes(event.attributes))
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


def _attributes(pairs: Iterable[KeyValue]) -> dict[str, Any]:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: AnyValue) -> Any:
    """Return the value as str, bool, int, float, bytes, list, dict or None."""
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    if kind == "array_value":
        return [_value(item) for item in value.array_value.values]
    if kind == "kvlist_value":
        return _attributes(value.kvlist_value.values)
    return getattr(value, kind)
