"""One-line set-up: our processor on the program's tracer provider."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from typing import Protocol, runtime_checkable

from opentelemetry import trace
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter

from otel_bridge.errors import ConfigurationError
from otel_bridge.span_processor.config import BridgeConfig
from otel_bridge.span_processor.processor import ObsSpanProcessor
from otel_bridge.span_processor.retry import RetryPolicy

_TRACES_PATH = "/v1/traces"

_logger = logging.getLogger("otel_bridge")


@runtime_checkable
class TakesSpanProcessors(Protocol):
    """A tracer provider of the SDK, or one that wraps it."""

    def add_span_processor(self, span_processor: SpanProcessor) -> None:
        """Hand every span to this processor too."""
        ...


def configure(
    *,
    endpoint: str | None = None,
    api_key: str | None = None,
    agent: str | None = None,
    otlp_endpoint: str | None = None,
    otlp_headers: Mapping[str, str] | None = None,
    tracer_provider: TakesSpanProcessors | None = None,
    capture_content: bool | None = None,
    heartbeat_interval_s: float | None = None,
    schedule_delay_ms: int | None = None,
    max_queue_size: int | None = None,
    max_export_batch_size: int | None = None,
    export_timeout_ms: int | None = None,
    shutdown_timeout_ms: int | None = None,
    retry: RetryPolicy | None = None,
) -> ObsSpanProcessor:
    """Send the spans of AI agents to the server from now on; return the processor that does it.

    What is not given comes from the environment (`OBS_ENDPOINT`, `OBS_API_KEY`, `OBS_AGENT`, …).
    The processor joins the tracer provider that the program has already, beside every other
    exporter; a program without one gets one. A second call for the same provider adds nothing: it
    gives the same processor the new settings. `otlp_endpoint` sends all spans to an OTLP/HTTP
    endpoint as well (`/v1/traces` is appended where it is missing).

    Raises ConfigurationError for a setting that cannot be used. A missing API key is none: a
    warning says that nothing is sent, and the program runs on.
    """
    config = BridgeConfig.from_env(
        endpoint=endpoint,
        api_key=api_key,
        agent=agent,
        heartbeat_interval_s=heartbeat_interval_s,
        capture_content=capture_content,
        schedule_delay_ms=schedule_delay_ms,
        max_queue_size=max_queue_size,
        max_export_batch_size=max_export_batch_size,
        export_timeout_ms=export_timeout_ms,
        shutdown_timeout_ms=shutdown_timeout_ms,
        retry=retry,
    )
    # What can fail is done before anything is changed.
    otlp_url = _traces_url(otlp_endpoint) if otlp_endpoint else None
    exporter = _otlp_exporter(otlp_url, otlp_headers) if otlp_url else None
    provider = tracer_provider or _global_provider()
    if exporter is not None and otlp_url not in _forwarded_to(provider):
        provider.add_span_processor(_Forward(exporter, endpoint=otlp_url))
    processor = processor_of(provider)
    if processor is not None:
        processor.reconfigure(config)
        return processor
    processor = ObsSpanProcessor(config)
    provider.add_span_processor(processor)
    return processor


def configure_from_environment() -> None:
    """Set up a process that runs under `opentelemetry-instrument`, if it has an `OBS_API_KEY`.

    Never raises: a setting that cannot be used is logged, and the program starts without us.
    """
    exporters = os.environ.get("OTEL_TRACES_EXPORTER", "").split(",")
    if not os.environ.get("OBS_API_KEY", "").strip() or "obs" in map(str.strip, exporters):
        return
    try:
        configure()
    except ConfigurationError as error:
        _logger.warning("no span is sent: %s", error)


def processor_of(provider: object) -> ObsSpanProcessor | None:
    """Return the processor of ours that a tracer provider feeds, or None."""
    found = (one for one in _processors_of(provider) if isinstance(one, ObsSpanProcessor))
    return next(found, None)


def _processors_of(provider: object) -> Iterator[SpanProcessor]:
    # The SDK does not publish the processors of a provider; where it renames them, none is found.
    group = getattr(provider, "_active_span_processor", None)
    return iter(getattr(group, "_span_processors", ()))


def _global_provider() -> TakesSpanProcessors:
    """Return the program's tracer provider, a new one where it has none yet."""
    provider = trace.get_tracer_provider()
    if isinstance(provider, trace.ProxyTracerProvider | trace.NoOpTracerProvider):
        trace.set_tracer_provider(TracerProvider())
        provider = trace.get_tracer_provider()
    if not isinstance(provider, TakesSpanProcessors):
        raise ConfigurationError(
            f"the tracer provider {type(provider).__qualname__} takes no span processors: "
            "pass tracer_provider=… of the OpenTelemetry SDK"
        )
    return provider


class _Forward(BatchSpanProcessor):
    """Sends every span to another OTLP endpoint as well."""

    def __init__(self, exporter: SpanExporter, *, endpoint: str | None) -> None:
        super().__init__(exporter)
        self.endpoint = endpoint


def _traces_url(endpoint: str) -> str:
    url = endpoint.strip().rstrip("/")
    return url if url.endswith(_TRACES_PATH) else url + _TRACES_PATH


def _otlp_exporter(url: str, headers: Mapping[str, str] | None) -> SpanExporter:
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415 - an extra
            OTLPSpanExporter,
        )
    except ImportError as error:
        raise ConfigurationError(
            'otlp_endpoint needs the OTLP exporter: pip install "otel-bridge[otlp]"'
        ) from error
    return OTLPSpanExporter(endpoint=url, headers=dict(headers) if headers else None)


def _forwarded_to(provider: object) -> set[str | None]:
    return {one.endpoint for one in _processors_of(provider) if isinstance(one, _Forward)}
