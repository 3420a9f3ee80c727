from __future__ import annotations

from collections.abc import Callable

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult

from otel_bridge.span_processor.config import BridgeConfig
from otel_bridge.span_processor.exporter import ObsSpanExporter
from tests.otel_bridge.ingest_server import Hang, IngestServer
from tests.otel_bridge.spans import chat, readable


def test_finished_spans_of_a_batch_processor_are_delivered_when_it_is_flushed(
    config: Callable[..., BridgeConfig], server: IngestServer
):
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(ObsSpanExporter(config())))
    tracer = provider.get_tracer("test")
    for _ in range(3):
        chat(tracer)
    assert provider.force_flush()
    assert len(server.events) == 3
    provider.shutdown()


def test_an_export_says_whether_it_was_done_in_time(
    config: Callable[..., BridgeConfig], server: IngestServer
):
    exporter = ObsSpanExporter(config(export_timeout_ms=50))
    span = readable(chat(TracerProvider(shutdown_on_exit=False).get_tracer("test")))
    assert exporter.export([span]) is SpanExportResult.SUCCESS
    server.answer_with(Hang(), Hang(), Hang())
    assert exporter.export([span]) is SpanExportResult.FAILURE
    server.release()
    assert exporter.force_flush()
    exporter.shutdown()
