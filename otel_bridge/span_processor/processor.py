"""The SpanProcessor: what OpenTelemetry calls for every span of the host."""

from __future__ import annotations

from collections.abc import Callable

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from typing_extensions import override

from otel_bridge.errors import ConfigurationError
from otel_bridge.event import Event
from otel_bridge.span_processor.collector import Mapper
from otel_bridge.span_processor.complaints import Complaints
from otel_bridge.span_processor.config import BridgeConfig
from otel_bridge.span_processor.heartbeat import Heartbeat
from otel_bridge.span_processor.losses import Losses, Reason
from otel_bridge.span_processor.worker import Worker

NO_KEY = (
    "no API key, so no span is sent: set OBS_API_KEY or pass api_key=… "
    "(`otel-bridge key create` makes one)"
)


class ObsSpanProcessor(SpanProcessor):
    """Sends the spans of AI agents to the ingest API, without ever disturbing their host.

    Ending a span only appends it to a queue; all else happens on a background thread. No method
    raises: what fails is logged by the logger `otel_bridge` and counted in `losses`. Without
    settings they come from the environment. Without an API key, or with settings that cannot be
    read, a line in the log says so and spans are ignored.
    """

    def __init__(
        self,
        config: BridgeConfig | None = None,
        *,
        mapper: Callable[[BridgeConfig], Mapper] | None = None,
    ) -> None:
        self._losses = Losses()
        self._complaints = Complaints()
        self._mapper = mapper
        self._config = _config_from_env(self._complaints) if config is None else config
        self._worker = self._new_worker(self._config)

    @property
    def config(self) -> BridgeConfig:
        """The settings in use."""
        return self._config

    @property
    def losses(self) -> dict[Reason, int]:
        """How many spans and events were lost, by reason, zeros included."""
        return self._losses.snapshot()

    @property
    def is_active(self) -> bool:
        """Whether spans are sent: there is an API key, and nothing was shut down."""
        return self._worker is not None and not self._worker.is_closed

    @override
    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Remember the span, so that a run that takes long is seen before it ends."""
        try:
            if self._worker is not None and _is_sampled(span):
                self._worker.note_started(span)
        except Exception as error:  # noqa: BLE001 - nothing of ours may reach the host
            self._complaints.failed("on_start", error)

    @override
    def on_end(self, span: ReadableSpan) -> None:
        """Queue the span."""
        try:
            if self._worker is not None and _is_sampled(span):
                self._worker.submit(span)
        except Exception as error:  # noqa: BLE001 - nothing of ours may reach the host
            self._complaints.failed("on_end", error)
            self._losses.add("unmappable")

    def submit(self, item: Event | Heartbeat) -> bool:
        """Queue something made by hand; return False where it was lost or nothing is sent."""
        try:
            return self._worker is not None and self._worker.submit(item)
        except Exception as error:  # noqa: BLE001 - nothing of ours may reach the host
            self._complaints.failed("submit", error)
            self._losses.add("unmappable")
            return False

    def refuse(self, message: str) -> None:
        """Log and count an event that was made by hand and cannot be sent."""
        self._complaints.warn(message, message)
        self._losses.add("unmappable")

    @override
    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Wait until every ended span is delivered or counted as lost; False at the timeout."""
        try:
            return self._worker is None or self._worker.force_flush(timeout_millis / 1000)
        except Exception as error:  # noqa: BLE001 - nothing of ours may reach the host
            self._complaints.failed("force_flush", error)
            return False

    @override
    def shutdown(self) -> None:
        """Deliver what is queued within the shutdown timeout; count the rest as lost."""
        self._close(self._worker)

    def reconfigure(self, config: BridgeConfig) -> None:
        """Use other settings from now on; what is queued still goes out by the old ones."""
        if config == self._config and self.is_active:
            return
        old, self._worker = self._worker, self._new_worker(config)
        self._config = config
        self._close(old)

    def _close(self, worker: Worker | None) -> None:
        try:
            if worker is not None:
                worker.shutdown(self._config.shutdown_timeout_ms / 1000)
        except Exception as error:  # noqa: BLE001 - nothing of ours may reach the host
            self._complaints.failed("shutdown", error)

    def _new_worker(self, config: BridgeConfig) -> Worker | None:
        if config.api_key is None:
            self._complaints.warn("no key", NO_KEY)
            return None
        return Worker(config, losses=self._losses, complaints=self._complaints, mapper=self._mapper)


def _is_sampled(span: ReadableSpan) -> bool:
    context = span.context
    return context is not None and context.trace_flags.sampled


def _config_from_env(complaints: Complaints) -> BridgeConfig:
    try:
        return BridgeConfig.from_env()
    except ConfigurationError as error:
        complaints.warn("configuration", f"no span is sent: {error}")
        return BridgeConfig()
