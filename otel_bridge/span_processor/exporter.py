"""The same delivery behind OpenTelemetry's exporter interface, for `OTEL_TRACES_EXPORTER=obs`."""

from __future__ import annotations

from collections.abc import Sequence

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from typing_extensions import override

from otel_bridge.span_processor.config import BridgeConfig
from otel_bridge.span_processor.processor import ObsSpanProcessor


class ObsSpanExporter(SpanExporter):
    """Sends finished spans to the ingest API; settings come from the environment.

    An exporter does not see spans start, so a run is not shown before it ends. Use
    `ObsSpanProcessor` where you can.
    """

    def __init__(self, config: BridgeConfig | None = None) -> None:
        self._processor = ObsSpanProcessor(config)

    @property
    def processor(self) -> ObsSpanProcessor:
        """What does the work, with its losses."""
        return self._processor

    @override
    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Deliver the spans; FAILURE where that took longer than the export timeout."""
        for span in spans:
            self._processor.on_end(span)
        is_done = self._processor.force_flush(self._processor.config.export_timeout_ms)
        return SpanExportResult.SUCCESS if is_done else SpanExportResult.FAILURE

    @override
    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Wait until what was exported is delivered or counted as lost."""
        return self._processor.force_flush(timeout_millis)

    @override
    def shutdown(self) -> None:
        """Deliver what is left within the shutdown timeout."""
        self._processor.shutdown()
