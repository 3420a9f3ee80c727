from __future__ import annotations

import builtins
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from otel_bridge.errors import ConfigurationError
from otel_bridge.span_processor.configure import (
    configure,
    configure_from_environment,
    processor_of,
)
from tests.otel_bridge.ingest_server import IngestServer
from tests.otel_bridge.spans import chat


@pytest.fixture
def provider() -> Iterator[TracerProvider]:
    provider = TracerProvider(shutdown_on_exit=False)
    yield provider
    provider.shutdown()


@pytest.fixture(autouse=True)
def environment(server: IngestServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OBS_ENDPOINT", server.url)
    monkeypatch.setenv("OBS_API_KEY", "obsk_test")
    monkeypatch.setenv("OBS_HEARTBEAT_INTERVAL", "0")


def test_it_joins_the_provider_beside_its_other_processors(
    provider: TracerProvider, server: IngestServer
):
    others = InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(others))
    processor = configure(tracer_provider=provider)
    chat(provider.get_tracer("test"))
    assert processor.force_flush()
    assert len(server.events) == 1
    assert len(others.get_finished_spans()) == 1


@pytest.mark.usefixtures("no_global_provider")
def test_a_program_without_a_provider_gets_one(server: IngestServer):
    processor = configure()
    provider = trace.get_tracer_provider()
    assert isinstance(provider, TracerProvider)
    assert processor_of(provider) is processor
    chat(trace.get_tracer("test"))
    assert provider.force_flush()
    assert len(server.events) == 1
    provider.shutdown()


@pytest.mark.usefixtures("no_global_provider")
def test_the_provider_of_the_program_is_kept(provider: TracerProvider):
    trace.set_tracer_provider(provider)
    processor = configure()
    assert processor_of(provider) is processor
    assert trace.get_tracer_provider() is provider


def test_a_second_call_adds_nothing(provider: TracerProvider, server: IngestServer):
    first = configure(tracer_provider=provider)
    second = configure(tracer_provider=provider)
    assert first is second
    chat(provider.get_tracer("test"))
    assert provider.force_flush()
    assert len(server.events) == 1


def test_a_second_call_with_other_settings_changes_them_and_loses_nothing(
    provider: TracerProvider, server: IngestServer
):
    tracer = provider.get_tracer("test")
    processor = configure(tracer_provider=provider, agent="before")
    chat(tracer)
    assert configure(tracer_provider=provider, agent="after") is processor
    chat(tracer)
    assert processor.force_flush()
    assert [event["default_agent"] for event in server.events] == ["before", "after"]
    assert not any(processor.losses.values())


def test_after_a_shutdown_another_call_begins_again(provider: TracerProvider, server: IngestServer):
    processor = configure(tracer_provider=provider)
    provider.shutdown()
    assert not processor.is_active
    configure(tracer_provider=provider)
    chat(provider.get_tracer("test"))
    assert processor.force_flush()
    assert len(server.events) == 1


def test_a_missing_key_is_told_and_the_program_runs_on(
    provider: TracerProvider,
    server: IngestServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
):
    monkeypatch.delenv("OBS_API_KEY")
    processor = configure(tracer_provider=provider)
    chat(provider.get_tracer("test"))
    assert "OBS_API_KEY" in caplog.text
    configure(tracer_provider=provider, api_key="obsk_late")
    chat(provider.get_tracer("test"))
    assert processor.force_flush()
    assert len(server.events) == 1


def test_a_setting_that_cannot_be_used_is_refused_and_changes_nothing(provider: TracerProvider):
    with pytest.raises(ConfigurationError, match="OBS_ENDPOINT"):
        configure(tracer_provider=provider, endpoint="nonsense")
    assert processor_of(provider) is None


@pytest.mark.usefixtures("no_global_provider")
def test_a_provider_that_takes_no_processors_is_refused_by_its_name():
    class Foreign(trace.NoOpTracerProvider):
        pass

    class Strange(trace.TracerProvider):
        get_tracer = trace.NoOpTracerProvider.get_tracer

    trace.set_tracer_provider(Strange())
    with pytest.raises(ConfigurationError, match="Strange"):
        configure()
    assert processor_of(Foreign()) is None


def test_spans_are_sent_on_to_an_otlp_endpoint_too(provider: TracerProvider, server: IngestServer):
    for _ in range(2):
        configure(
            tracer_provider=provider,
            otlp_endpoint=f"{server.url}/collector/",
            otlp_headers={"x-team": "agents"},
        )
    chat(provider.get_tracer("test"))
    assert provider.force_flush()
    (otlp,) = [one for one in server.requests if one.path == "/collector/v1/traces"]
    assert otlp.headers["content-type"] == "application/x-protobuf"
    assert otlp.headers["x-team"] == "agents"
    assert len(server.events) == 1


def test_without_the_otlp_exporter_the_error_says_what_to_install(
    provider: TracerProvider, monkeypatch: pytest.MonkeyPatch
):
    imported = builtins.__import__

    def without_otlp(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("opentelemetry.exporter"):
            raise ModuleNotFoundError(name)
        return imported(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_otlp)
    with pytest.raises(ConfigurationError, match=r'pip install "otel-bridge\[otlp\]"'):
        configure(tracer_provider=provider, otlp_endpoint="http://localhost:4318")
    assert processor_of(provider) is None


@pytest.mark.usefixtures("no_global_provider")
def test_the_hook_sets_up_a_process_that_has_a_key(provider: TracerProvider):
    trace.set_tracer_provider(provider)
    configure_from_environment()
    assert processor_of(provider) is not None


@pytest.mark.usefixtures("no_global_provider")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OBS_API_KEY", ""),
        ("OTEL_TRACES_EXPORTER", "console, obs"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "many"),
    ],
)
def test_the_hook_stays_away_without_a_key_beside_the_exporter_and_on_bad_settings(
    provider: TracerProvider, monkeypatch: pytest.MonkeyPatch, name: str, value: str
):
    trace.set_tracer_provider(provider)
    monkeypatch.setenv(name, value)
    configure_from_environment()
    assert processor_of(provider) is None
