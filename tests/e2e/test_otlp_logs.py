"""The official OTLP/HTTP log exporter over a real socket, beside the one for spans."""

from __future__ import annotations

from decimal import Decimal

import pytest
from opentelemetry._logs import LogRecord
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from otel_bridge.log_record import LogRecord as Written
from tests.e2e.workspace import Workspace, spent
from tests.otel_bridge.command_lines import (
    claude_log,
    claude_request,
    claude_span,
    claude_tool,
)

pytestmark = pytest.mark.e2e

_RESOURCE = Resource({"service.name": "claude-code", "service.version": "2.1.224"})


def _loggers(workspace: Workspace, compression: Compression = Compression.Gzip) -> LoggerProvider:
    exporter = OTLPLogExporter(
        endpoint=f"{workspace.server.base_url}/v1/logs",
        headers={"authorization": f"Bearer {workspace.key}"},
        compression=compression,
    )
    provider = LoggerProvider(resource=_RESOURCE)
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    return provider


def _emit(provider: LoggerProvider, written: Written) -> None:
    """Write a record as the program does: its whole name is the body."""
    logger = provider.get_logger(written.scope_name)
    logger.emit(LogRecord(body=written.names[-1], attributes=dict(written.attributes)))


@pytest.mark.parametrize("compression", [Compression.NoCompression, Compression.Gzip])
def test_the_official_exporter_delivers_the_calls_of_claude_code(
    workspace: Workspace, compression: Compression
) -> None:
    provider = _loggers(workspace, compression)
    for written in (claude_log("user_prompt"), claude_tool(), claude_request()):
        _emit(provider, written)
    provider.shutdown()

    assert workspace.totals()["claude-code"] == {
        "total_runs": 0,
        "successful_runs": 0,
        "failed_runs": 0,
        "total_events": 2,
        "total_tokens_in": 1310,
        "total_tokens_out": 20,
        "total_cost_usd": Decimal("0.002205"),
        "total_tool_calls": 1,
        "tool_errors": 0,
        "calls of claude-sonnet-4-5-20250929": 1,
    }


def test_logs_and_spans_of_one_program_are_counted_once(workspace: Workspace) -> None:
    tracers = TracerProvider(resource=_RESOURCE)
    exporter = OTLPSpanExporter(
        endpoint=f"{workspace.server.base_url}/v1/traces",
        headers={"authorization": f"Bearer {workspace.key}"},
    )
    tracers.add_span_processor(SimpleSpanProcessor(exporter))
    tracer, loggers = tracers.get_tracer("com.anthropic.claude_code.tracing"), _loggers(workspace)
    with tracer.start_as_current_span("claude_code.interaction"):
        for number in (1, 2):
            ids = {"request_id": f"req_{number}"}
            told = claude_span(attributes=ids | {"gen_ai.response.id": f"req_{number}"})
            tracer.start_span("claude_code.llm_request", attributes=dict(told.attributes)).end()
            _emit(loggers, claude_request(**ids))
    loggers.shutdown()
    tracers.shutdown()

    total = workspace.total()
    assert (total["llm_calls"], total["total_runs"]) == (2, 1)
    assert spent(workspace) == (2 * 1310, 2 * 20, 2 * Decimal("0.002205"))
