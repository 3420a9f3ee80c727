"""The official OTLP/HTTP exporter and OTLP/JSON over a real socket."""

from __future__ import annotations

import json
import time
from decimal import Decimal

import pytest
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult

from tests.e2e.workspace import Workspace
from tests.truth.captures import FOLDER

pytestmark = pytest.mark.e2e

_CALL: dict[str, str | int] = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o-mini",
    "gen_ai.response.model": "gpt-4o-mini-2024-07-18",
    "gen_ai.usage.input_tokens": 1000,
    "gen_ai.usage.output_tokens": 100,
}


@pytest.mark.parametrize("compression", [Compression.NoCompression, Compression.Gzip])
def test_the_official_exporter_delivers_a_run_with_its_call(
    workspace: Workspace, compression: Compression
) -> None:
    exporter = OTLPSpanExporter(
        endpoint=f"{workspace.server.base_url}/v1/traces",
        headers={"authorization": f"Bearer {workspace.key}"},
        compression=compression,
    )
    provider = TracerProvider(resource=Resource.create({"service.name": "shop"}))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("my.agent")
    with tracer.start_as_current_span(
        "invoke_agent clerk",
        attributes={"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "clerk"},
    ):
        tracer.start_span("chat gpt-4o-mini", attributes=_CALL).end()
    provider.shutdown()

    assert workspace.totals()["clerk"] == {
        "total_runs": 1,
        "successful_runs": 1,
        "failed_runs": 0,
        "total_events": 3,
        "total_tokens_in": 1000,
        "total_tokens_out": 100,
        "total_cost_usd": Decimal("0.00021"),
        "total_tool_calls": 0,
        "tool_errors": 0,
        "calls of gpt-4o-mini-2024-07-18": 1,
    }


def test_the_official_exporter_hears_that_its_key_is_wrong(workspace: Workspace) -> None:
    exporter = OTLPSpanExporter(
        endpoint=f"{workspace.server.base_url}/v1/traces",
        headers={"authorization": f"Bearer obsk_{'0' * 48}"},
    )
    span = TracerProvider().get_tracer("my.agent").start_span("chat", attributes=_CALL)
    span.end()
    assert isinstance(span, ReadableSpan)
    assert exporter.export([span]) is SpanExportResult.FAILURE
    exporter.shutdown()  # type: ignore[no-untyped-call]  # the exporter's own


def test_a_real_otlp_json_export_is_taken(workspace: Workspace) -> None:
    body = (FOLDER / "vercel-ai-sdk-v6.otlp.json").read_bytes()
    answer = workspace.client.post("/v1/traces", body, compressed=True)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert workspace.total()["llm_calls"] > 0


def test_one_span_in_json_and_in_protobuf_is_one_event(workspace: Workspace) -> None:
    end_ns = time.time_ns()
    as_json = json.dumps(_in_json(end_ns)).encode()
    workspace.send_otlp(as_json, content_type="application/json")
    events = workspace.events()
    assert [event["tokens_in"] for event in events] == [1000]
    workspace.send_otlp(_in_protobuf(end_ns))
    assert workspace.events() == events


@pytest.mark.parametrize("signal", ["metrics", "logs"])
def test_other_signals_are_taken_and_ignored(workspace: Workspace, signal: str) -> None:
    answer = workspace.client.post(f"/v1/{signal}", b"", content_type="application/x-protobuf")
    assert answer.status == 200
    assert workspace.events() == []


def _in_json(end_ns: int) -> dict[str, object]:
    span = {
        "traceId": "0af7651916cd43dd8448eb211c80319c",
        "spanId": "b7ad6b7169203331",
        "name": "chat gpt-4o-mini",
        "kind": 3,
        "startTimeUnixNano": str(end_ns - 1_000_000_000),
        "endTimeUnixNano": str(end_ns),
        "attributes": [
            {"key": key, "value": {"intValue": str(value)}}
            if isinstance(value, int)
            else {"key": key, "value": {"stringValue": value}}
            for key, value in _CALL.items()
        ],
    }
    return {"resourceSpans": [{"scopeSpans": [{"scope": {"name": "my.agent"}, "spans": [span]}]}]}


def _in_protobuf(end_ns: int) -> bytes:
    span = Span(
        trace_id=bytes.fromhex("0af7651916cd43dd8448eb211c80319c"),
        span_id=bytes.fromhex("b7ad6b7169203331"),
        name="chat gpt-4o-mini",
        kind=Span.SPAN_KIND_CLIENT,
        start_time_unix_nano=end_ns - 1_000_000_000,
        end_time_unix_nano=end_ns,
        attributes=[
            KeyValue(
                key=key,
                value=AnyValue(int_value=value)
                if isinstance(value, int)
                else AnyValue(string_value=str(value)),
            )
            for key, value in _CALL.items()
        ],
    )
    request = ExportTraceServiceRequest(
        resource_spans=[ResourceSpans(scope_spans=[ScopeSpans(spans=[span])])]
    )
    request.resource_spans[0].scope_spans[0].scope.name = "my.agent"
    return request.SerializeToString()
