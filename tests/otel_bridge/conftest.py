"""A fake server and bridges that talk to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Tracer, TracerProvider
from opentelemetry.util._once import Once

from otel_bridge.span_processor.config import BridgeConfig
from otel_bridge.span_processor.processor import ObsSpanProcessor
from otel_bridge.span_processor.retry import RetryPolicy
from tests.otel_bridge.ingest_server import IngestServer

Bridge = Callable[..., ObsSpanProcessor]

#: Retries that a test need not wait for.
IMPATIENT = RetryPolicy(attempts=3, first_s=0.001, max_s=0.002, retry_after_max_s=0.01)


@pytest.fixture
def server() -> Iterator[IngestServer]:
    with IngestServer() as server:
        yield server


@pytest.fixture
def config(server: IngestServer) -> Callable[..., BridgeConfig]:
    """Settings that post to the fake server: only when flushed, and without heartbeats."""

    def made(**settings: Any) -> BridgeConfig:
        usual: dict[str, Any] = {
            "endpoint": server.url,
            "api_key": "obsk_test",
            "heartbeat_interval_s": 0.0,
            "schedule_delay_ms": 60_000,
            "retry": IMPATIENT,
        }
        return BridgeConfig(**{**usual, **settings})

    return made


@pytest.fixture
def bridge(config: Callable[..., BridgeConfig], server: IngestServer) -> Iterator[Bridge]:
    """Make processors that are shut down when the test is over."""
    made: list[ObsSpanProcessor] = []

    def make(*, mapper: Any = None, **settings: Any) -> ObsSpanProcessor:
        processor = ObsSpanProcessor(config(**settings), mapper=mapper)
        made.append(processor)
        return processor

    yield make
    server.release()
    for processor in made:
        processor.shutdown()


@pytest.fixture
def tracer_of() -> Callable[[ObsSpanProcessor], Tracer]:
    """Return a tracer whose spans a processor gets."""

    def tracer(processor: ObsSpanProcessor) -> Tracer:
        provider = TracerProvider(resource=Resource({}), shutdown_on_exit=False)
        provider.add_span_processor(processor)
        tracer = provider.get_tracer("test")
        assert isinstance(tracer, Tracer)
        return tracer

    return tracer


@pytest.fixture
def no_global_provider(monkeypatch: pytest.MonkeyPatch) -> Callable[[TracerProvider], None]:
    """A program that has not set a tracer provider yet; returned is how it sets one."""
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", None)
    monkeypatch.setattr(trace, "_TRACER_PROVIDER_SET_ONCE", Once())
    return trace.set_tracer_provider
