from __future__ import annotations

import asyncio
import logging
import threading
import uuid
from collections.abc import Callable, Iterator

import pytest
from opentelemetry import context, trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

from otel_bridge import sdk
from otel_bridge.event import run_id_of
from otel_bridge.span_processor.processor import ObsSpanProcessor
from tests.otel_bridge.conftest import Bridge
from tests.otel_bridge.ingest_server import IngestServer

SetProvider = Callable[[TracerProvider], None]


@pytest.fixture
def processor(bridge: Bridge, no_global_provider: SetProvider) -> Iterator[ObsSpanProcessor]:
    """A configured program."""
    processor = bridge(agent="shop")
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(processor)
    no_global_provider(provider)
    token = context.attach(context.Context())
    yield processor
    context.detach(token)


def _finished(server: IngestServer) -> dict[str, dict[str, object]]:
    return {
        str(event.get("name")): event
        for event in server.events
        if not event["event_type"].endswith("_started")
    }


def test_a_run_begins_and_ends_by_hand(processor: ObsSpanProcessor, server: IngestServer):
    run_id = sdk.start_run("planner", session="s1")
    with sdk.llm_call(model="gpt-4o", provider="openai"):
        sdk.record_usage(tokens_in=10, tokens_out=5)
    sdk.finish_run(run_id)
    assert trace.get_current_span() is trace.INVALID_SPAN
    assert processor.force_flush()
    run, call = _finished(server)["invoke_agent planner"], _finished(server)["chat gpt-4o"]
    assert run["event_type"] == "run_finished"
    assert run["agent"] == "planner"
    assert run["status"] == "success"
    assert run_id == run_id_of(str(run["trace_id"]), str(run["span_id"]))
    assert call["parent_span_id"] == run["span_id"]
    assert call["tokens_in"] == 10


@pytest.mark.parametrize(
    ("status", "error", "stored", "message"),
    [
        ("success", None, "success", None),
        ("info", None, "success", None),
        ("error", None, "error", None),
        ("error", "gave up", "error", "gave up"),
        ("success", ValueError("broken"), "error", "broken"),
        ("failed", None, "error", None),
    ],
)
def test_a_run_ends_as_it_is_said(
    processor: ObsSpanProcessor,
    server: IngestServer,
    status: str,
    error: str | BaseException | None,
    stored: str,
    message: str | None,
):
    sdk.finish_run(sdk.start_run("planner"), status, error=error)
    assert processor.force_flush()
    run = _finished(server)["invoke_agent planner"]
    assert run["status"] == stored
    payload = run["payload"]
    assert isinstance(payload, dict)
    assert payload.get("error") == message


def test_totals_may_be_given_when_a_run_ends(processor: ObsSpanProcessor, server: IngestServer):
    sdk.finish_run(sdk.start_run("planner"), tokens_in=7, tokens_out=3, cost_usd=0.5)
    assert processor.force_flush()
    run = _finished(server)["invoke_agent planner"]
    assert (run["tokens_in"], run["tokens_out"], run["cost_usd"]) == (7, 3, "0.500000000")


def test_a_run_may_be_finished_by_another_thread(
    processor: ObsSpanProcessor, server: IngestServer, caplog: pytest.LogCaptureFixture
):
    run_id = sdk.start_run("planner")
    other = threading.Thread(target=sdk.finish_run, args=(run_id,))
    other.start()
    other.join()
    # The next run of this thread does not stand below the one that is over.
    second = sdk.start_run("planner")
    sdk.finish_run(second)
    assert trace.get_current_span() is trace.INVALID_SPAN
    assert processor.force_flush()
    runs = [event for event in server.events if event["event_type"] == "run_finished"]
    assert len(runs) == 2
    assert len({run["trace_id"] for run in runs}) == 2
    assert caplog.messages == []


def test_a_run_may_be_finished_by_another_task(
    processor: ObsSpanProcessor, server: IngestServer, caplog: pytest.LogCaptureFixture
):
    async def main() -> None:
        run_id = sdk.start_run("planner")

        async def finish() -> None:
            sdk.finish_run(run_id)

        await asyncio.create_task(finish())

    asyncio.run(main())
    assert processor.force_flush()
    assert "invoke_agent planner" in _finished(server)
    assert caplog.messages == []


def test_a_run_inside_a_run_is_an_action_of_it(processor: ObsSpanProcessor, server: IngestServer):
    outer = sdk.start_run("boss")
    inner = sdk.start_run("helper")
    sdk.finish_run(inner)
    with sdk.tool("search"):
        pass
    sdk.finish_run(outer)
    assert processor.force_flush()
    told = _finished(server)
    assert told["invoke_agent helper"]["event_type"] == "action_finished"
    assert told["invoke_agent helper"]["parent_span_id"] == told["invoke_agent boss"]["span_id"]
    assert told["execute_tool search"]["parent_span_id"] == told["invoke_agent boss"]["span_id"]


def test_a_run_that_is_finished_twice_or_unknown_is_no_harm(
    processor: ObsSpanProcessor, server: IngestServer
):
    run_id = sdk.start_run("planner")
    sdk.finish_run(run_id)
    sdk.finish_run(run_id, "error")
    sdk.finish_run("never begun")
    assert processor.force_flush()
    assert _finished(server)["invoke_agent planner"]["status"] == "success"


def test_an_event_is_posted_as_given(processor: ObsSpanProcessor, server: IngestServer):
    sdk.emit_event("metric", agent="critic", status="info", payload={"score": 0.9})
    assert processor.force_flush()
    (event,) = server.events
    assert event["event_type"] == "metric"
    assert event["agent"] == "critic"
    assert event["default_agent"] == "shop"
    assert event["payload"] == {"score": 0.9}
    assert "trace_id" not in event


def test_an_event_of_a_live_run_gets_its_place_in_the_trace(
    processor: ObsSpanProcessor, server: IngestServer
):
    run_id = sdk.start_run("planner")
    context.attach(context.Context())
    sdk.emit_event("error", run_id=run_id, status="error")
    sdk.finish_run(run_id)
    assert processor.force_flush()
    run = _finished(server)["invoke_agent planner"]
    event = next(event for event in server.events if event["event_type"] == "error")
    assert event["run_id"] == run_id
    assert (event["trace_id"], event["parent_span_id"]) == (run["trace_id"], run["span_id"])


def test_an_event_inside_a_span_gets_its_place_unless_it_has_one(
    processor: ObsSpanProcessor, server: IngestServer
):
    with sdk.agent("planner"):
        sdk.emit_event("metric", name="here")
        sdk.emit_event("metric", name="elsewhere", agent="critic")
        sdk.emit_event("metric", name="other run", run_id=str(uuid.uuid4()))
    assert processor.force_flush()
    told = _finished(server)
    assert told["here"]["parent_span_id"] == told["invoke_agent planner"]["span_id"]
    assert "trace_id" not in told["elsewhere"]
    assert "trace_id" not in told["other run"]


def test_a_mistake_in_an_event_is_told_and_counted_but_never_raised(
    processor: ObsSpanProcessor, server: IngestServer, caplog: pytest.LogCaptureFixture
):
    sdk.emit_event("meteric")
    sdk.emit_event("metric", tokns_in=1)
    circle: dict[str, object] = {}
    circle["self"] = circle
    sdk.emit_event("metric", payload=circle)
    assert processor.force_flush()
    assert server.events == []
    assert processor.losses["unmappable"] == 3
    assert "invalid event_type 'meteric'" in caplog.text
    assert "tokns_in" in caplog.text


@pytest.mark.usefixtures("processor")
def test_nothing_that_is_reported_raises(caplog: pytest.LogCaptureFixture):
    class Unwritable:
        def __str__(self) -> str:
            raise RuntimeError("no text")

    nonsense: list[Callable[[], None]] = [
        lambda: sdk.heartbeat("a", metadata=5),  # type: ignore[arg-type]  # what is tested
        lambda: sdk.emit_event("metric", run_id=["x"]),
        lambda: sdk.emit_event("metric", cost_usd=Unwritable()),
        lambda: sdk.emit_event("metric", cost_usd="1e999999999"),
        lambda: sdk.finish_run([]),  # type: ignore[arg-type]  # what is tested
        lambda: sdk.record_usage(cost_usd=Unwritable()),  # type: ignore[arg-type]  # what is tested
        lambda: sdk.record_usage(span=5, tokens_in=1),  # type: ignore[arg-type]  # what is tested
    ]
    with caplog.at_level(logging.WARNING, logger="otel_bridge"):
        for report in nonsense:
            report()
    assert caplog.records


def test_a_heartbeat_is_sent_for_the_configured_agent_or_the_one_that_is_named(
    processor: ObsSpanProcessor, server: IngestServer
):
    sdk.heartbeat()
    sdk.heartbeat("critic", metadata={"step": 3})
    sdk.heartbeat(agent_id=7, status="busy")
    assert processor.force_flush()
    first, second, third = server.heartbeats
    assert first["agent"] == "shop"
    assert (second["agent"], second["metadata"]["step"]) == ("critic", 3)
    assert (third["agent_id"], third["status"]) == (7, "busy")
    assert "agent" not in third


def test_a_heartbeat_of_nobody_is_told_and_not_sent(
    bridge: Bridge,
    server: IngestServer,
    no_global_provider: SetProvider,
    caplog: pytest.LogCaptureFixture,
):
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(bridge())
    no_global_provider(provider)
    sdk.heartbeat()
    assert provider.force_flush()
    assert server.requests == []
    assert "OBS_AGENT" in caplog.text


@pytest.mark.usefixtures("no_global_provider")
def test_where_nothing_was_configured_everything_is_harmless(caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.DEBUG, "otel_bridge"):
        run_id = sdk.start_run("planner")
        sdk.emit_event("metric", run_id=run_id)
        sdk.heartbeat("planner")
        sdk.finish_run(run_id, "error", error="x")
    assert str(uuid.UUID(run_id)) == run_id
    assert trace.get_current_span() is trace.INVALID_SPAN
    assert {record.levelname for record in caplog.records} == {"DEBUG"}


@pytest.mark.usefixtures("no_global_provider")
def test_a_run_that_is_not_sampled_leaves_no_trace(bridge: Bridge, server: IngestServer):
    processor = bridge()
    provider = TracerProvider(sampler=ALWAYS_OFF, shutdown_on_exit=False)
    provider.add_span_processor(processor)
    trace.set_tracer_provider(provider)
    run_id = sdk.start_run("planner")
    sdk.emit_event("metric", run_id=run_id)
    sdk.finish_run(run_id)
    assert trace.get_current_span() is trace.INVALID_SPAN
    assert processor.force_flush()
    (event,) = server.events
    assert "trace_id" not in event
