"""The spans of agent runs, as OTLP bodies and as bodies of events: new ids in every copy."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource as OtlpResource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope as SdkScope
from opentelemetry.trace import SpanContext

from otel_bridge.event import Event, compact_json
from otel_bridge.mapping import events_from
from otel_bridge.pricing import PriceBook
from otel_bridge.record import Resource, SpanRecord

_PAYLOAD_BYTES = 200

_RUNS_PER_EVENTS_BODY = 142
_LONE_CALLS_PER_EVENTS_BODY = 6

#: The first half of each trace id in a template, replaced in every copy by a random one.
_MARK = bytes.fromhex("a5b6c7d8e9fa0b1c")
_SCOPE = "bench.agent"
_SERVICE = Resource.of({"service.name": "bench"})
_MILLISECOND_NS = 1_000_000


@dataclass(frozen=True, slots=True)
class Template:
    """One request's body: how many events it stores, and how many OTLP spans it holds."""

    path: str
    content_type: str
    rows: int
    spans: int
    body: bytes

    @property
    def units(self) -> int:
        """How many spans it holds, or how many events where it holds no spans."""
        return self.spans or self.rows

    def copy(self) -> bytes:
        """Return the body with new trace ids and response ids."""
        fresh = secrets.token_bytes(len(_MARK))
        in_binary = self.body.replace(_MARK, fresh)
        return in_binary.replace(_MARK.hex().encode(), fresh.hex().encode())


def events_template() -> Template:
    """Return 1000 events with payloads of 200 bytes: 142 runs of 7 events, and 6 lone calls."""
    spans = [*_runs(_RUNS_PER_EVENTS_BODY), *_lone_calls(_LONE_CALLS_PER_EVENTS_BODY)]
    prices = PriceBook()
    events = [event for span in spans for event in events_from(span, prices=prices)]
    body = json.dumps({"events": [_as_sent(event) for event in events]}).encode()
    path = "/api/obs/ingest/events"
    return Template(path, "application/json", len(events), 0, body)


def spans_template(runs: int = 100) -> Template:
    """Return 600 spans: 100 runs of an agent span, three calls and two tools."""
    spans = list(_runs(runs))
    prices = PriceBook()
    rows = sum(len(events_from(span, prices=prices)) for span in spans)
    request = ExportTraceServiceRequest(
        resource_spans=[
            ResourceSpans(
                resource=OtlpResource(attributes=[_pair("service.name", "bench")]),
                scope_spans=[
                    ScopeSpans(
                        scope=InstrumentationScope(name=_SCOPE),
                        spans=[_in_otlp(span) for span in spans],
                    )
                ],
            )
        ]
    )
    body = request.SerializeToString()
    return Template("/v1/traces", "application/x-protobuf", rows, len(spans), body)


def chat_span() -> SpanRecord:
    """Return a model call as OpenTelemetry's instrumentations write it."""
    return next(_lone_calls(1))


def sdk_span(record: SpanRecord) -> ReadableSpan:
    """Return a span as the SDK hands it to a processor."""
    parent = record.parent_span_id
    return ReadableSpan(
        record.name,
        context=_context(record.trace_id, record.span_id),
        parent=None if parent is None else _context(record.trace_id, parent),
        attributes=record.attributes,
        instrumentation_scope=SdkScope(record.scope_name, record.scope_version),
        start_time=record.start_ns,
        end_time=record.end_ns,
    )


def _context(trace_id: str, span_id: str) -> SpanContext:
    return SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=False)


def unknown_span() -> SpanRecord:
    """Return a span that no convention of AI agents knows: an HTTP request."""
    attributes = {
        "http.request.method": "GET",
        "url.full": "https://example.com/api/items?page=2",
        "server.address": "example.com",
        "server.port": 443,
        "http.response.status_code": 200,
        "network.protocol.version": "1.1",
    }
    return _span(0, 1, attributes=attributes, end_ns=time.time_ns())


def _as_sent(event: Event) -> dict[str, object]:
    """Return the event, its payload filled up, without the run's id: trace ids will be new ones."""
    body = event.to_dict()
    body.pop("run_id", None)
    payload = {**event.payload, "note": ""}
    payload["note"] = "n" * (_PAYLOAD_BYTES - len(compact_json(payload)))
    return body | {"payload": payload}


def _runs(count: int) -> Iterator[SpanRecord]:
    now_ns = time.time_ns()
    for index in range(count):
        yield from _run(index, now_ns - index * _MILLISECOND_NS)


def _run(trace: int, end_ns: int) -> Iterator[SpanRecord]:
    """Yield an agent's span and below it call, tool, call, tool, call."""
    agent = {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.name": f"agent-{trace % 10}",
        "gen_ai.provider.name": "openai",
    }
    yield _span(trace, 1, attributes=agent, end_ns=end_ns)
    for number in (2, 4, 6):
        yield _span(trace, number, parent=1, attributes=_chat(trace, number), end_ns=end_ns)
    for number in (3, 5):
        tool = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": f"tool-{number}"}
        yield _span(trace, number, parent=1, attributes=tool, end_ns=end_ns)


def _lone_calls(count: int) -> Iterator[SpanRecord]:
    for index in range(count):
        trace = 1_000_000 + index
        yield _span(trace, 1, attributes=_chat(trace, 1), end_ns=time.time_ns())


def _chat(trace: int, number: int) -> dict[str, object]:
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o-mini",
        "gen_ai.response.model": "gpt-4o-mini-2024-07-18",
        "gen_ai.response.id": f"chatcmpl-{_MARK.hex()}-{trace}-{number}",
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.usage.input_tokens": 900 + trace % 100,
        "gen_ai.usage.output_tokens": 40 + number,
        "gen_ai.usage.cache_read.input_tokens": 256,
        "server.address": "api.openai.com",
        "server.port": 443,
    }


def _span(
    trace: int,
    number: int,
    *,
    attributes: Mapping[str, object],
    end_ns: int,
    parent: int | None = None,
) -> SpanRecord:
    """Return a span whose name is its operation; the higher its number, the shorter it took."""
    return SpanRecord(
        trace_id=f"{_MARK.hex()}{trace:016x}",
        span_id=f"{number:016x}",
        parent_span_id=None if parent is None else f"{parent:016x}",
        name=str(attributes.get("gen_ai.operation.name", "GET")),
        start_ns=end_ns - (10 - number) * 100 * _MILLISECOND_NS,
        end_ns=end_ns,
        attributes=attributes,
        scope_name=_SCOPE,
        resource=_SERVICE,
    )


def _in_otlp(span: SpanRecord) -> Span:
    return Span(
        trace_id=bytes.fromhex(span.trace_id),
        span_id=bytes.fromhex(span.span_id),
        parent_span_id=bytes.fromhex(span.parent_span_id or ""),
        name=span.name,
        kind=Span.SPAN_KIND_INTERNAL,
        start_time_unix_nano=span.start_ns,
        end_time_unix_nano=span.end_ns or 0,
        attributes=[_pair(key, value) for key, value in span.attributes.items()],
    )


def _pair(key: str, value: object) -> KeyValue:
    if isinstance(value, int):
        return KeyValue(key=key, value=AnyValue(int_value=value))
    if isinstance(value, list):
        pair = KeyValue(key=key)
        pair.value.array_value.values.extend(AnyValue(string_value=item) for item in value)
        return pair
    return KeyValue(key=key, value=AnyValue(string_value=str(value)))
