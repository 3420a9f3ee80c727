from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan, Tracer, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

from otel_bridge.event import Event
from otel_bridge.record import SpanRecord
from otel_bridge.span_processor.config import BridgeConfig
from otel_bridge.span_processor.processor import ObsSpanProcessor
from tests.otel_bridge.conftest import Bridge
from tests.otel_bridge.ingest_server import Hang, IngestServer
from tests.otel_bridge.spans import AGENT, chat, hex_ids, start

TracerOf = Callable[[ObsSpanProcessor], Tracer]


class StumblingMapper:
    """Fails for every span that is called `bad`."""

    def __init__(self, config: BridgeConfig) -> None:
        self.config = config

    def may_know(self, *_: object) -> bool:
        return True

    def ended(self, record: SpanRecord) -> tuple[Event, ...]:
        if record.name == "bad":
            raise ZeroDivisionError("mapping stumbled")
        return (Event(event_type="metric", created_at_us=0, name=record.name),)

    def started(self, record: SpanRecord) -> Event | None:
        raise ZeroDivisionError(f"mapping stumbled over the start of {record.name}")


def test_a_model_call_becomes_an_event_with_tokens_and_cost(
    bridge: Bridge, tracer_of: TracerOf, server: IngestServer
):
    processor = bridge(agent="shop")
    span = chat(tracer_of(processor))
    assert processor.force_flush()
    (event,) = server.events
    assert event["event_type"] == "llm_call"
    assert (event["trace_id"], event["span_id"]) == hex_ids(span)
    assert (event["provider"], event["model"]) == ("openai", "gpt-4o")
    assert (event["tokens_in"], event["tokens_out"]) == (10, 5)
    assert event["cost_usd"] == "0.000075000"
    assert event["default_agent"] == "shop"
    assert not any(processor.losses.values())


def test_events_arrive_in_the_order_in_which_spans_ended_in_batches_of_limited_size(
    bridge: Bridge, tracer_of: TracerOf, server: IngestServer
):
    processor = bridge(max_export_batch_size=10)
    tracer = tracer_of(processor)
    ended = [hex_ids(chat(tracer))[1] for _ in range(35)]
    assert processor.force_flush()
    assert [event["span_id"] for event in server.events] == ended
    sizes = [len(request.json["events"]) for request in server.event_requests]
    assert max(sizes) == 10
    assert sum(sizes) == 35


def test_a_full_batch_is_sent_without_waiting_for_the_delay(
    bridge: Bridge, tracer_of: TracerOf, server: IngestServer
):
    tracer = tracer_of(bridge(max_export_batch_size=5, schedule_delay_ms=1))
    for _ in range(5):
        chat(tracer)
    assert server.wait_for(lambda seen: len(seen.events) == 5)


def test_a_lone_span_is_sent_after_the_delay(
    bridge: Bridge, tracer_of: TracerOf, server: IngestServer
):
    chat(tracer_of(bridge(schedule_delay_ms=1)))
    assert server.wait_for(lambda seen: len(seen.events) == 1)


def test_what_finds_the_queue_full_is_counted_exactly(
    bridge: Bridge, tracer_of: TracerOf, server: IngestServer
):
    processor = bridge(max_queue_size=10, max_export_batch_size=1, schedule_delay_ms=1)
    tracer = tracer_of(processor)
    server.answer_with(Hang())
    chat(tracer)
    # The thread holds the first span in its hands now, and the queue is empty.
    assert server.wait_for(lambda seen: len(seen.requests) == 1)
    for _ in range(17):
        chat(tracer)
    assert processor.losses["queue_full"] == 7
    server.release()
    assert processor.force_flush()
    assert len(server.events) == 11


def test_a_span_that_the_mapping_stumbles_over_is_counted_and_stops_no_other(
    bridge: Bridge,
    tracer_of: TracerOf,
    server: IngestServer,
    caplog: pytest.LogCaptureFixture,
):
    processor = bridge(mapper=StumblingMapper)
    tracer = tracer_of(processor)
    for name in ("first", "bad", "bad", "last"):
        start(tracer, name).end()
    assert processor.force_flush()
    assert [event["name"] for event in server.events] == ["first", "last"]
    assert processor.losses["unmappable"] == 2
    assert caplog.text.count("mapping stumbled\n") == 1


def test_a_start_that_cannot_be_read_is_no_loss(
    bridge: Bridge, tracer_of: TracerOf, server: IngestServer
):
    processor = bridge(mapper=StumblingMapper)
    span = start(tracer_of(processor), "bad start")
    assert processor.force_flush()
    assert not any(processor.losses.values())
    span.end()
    assert processor.force_flush()
    assert len(server.events) == 1


@pytest.mark.parametrize("span", [None, ReadableSpan("without context"), object()])
def test_no_method_raises_whatever_it_is_given(bridge: Bridge, span: Any):
    processor = bridge()
    processor.on_start(span)
    processor.on_end(span)
    assert processor.force_flush()
    processor.shutdown()
    processor.shutdown()


def test_a_setting_of_the_environment_that_cannot_be_read_does_not_reach_the_host(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tracer_of: TracerOf
):
    monkeypatch.setenv("OBS_API_KEY", "obsk_test")
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "many")
    processor = ObsSpanProcessor()
    chat(tracer_of(processor))
    assert processor.is_active is False
    assert "OTEL_BSP_MAX_QUEUE_SIZE" in caplog.text


def test_without_a_key_one_line_says_so_and_nothing_is_collected(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tracer_of: TracerOf
):
    monkeypatch.delenv("OBS_API_KEY", raising=False)
    processor = ObsSpanProcessor()
    for _ in range(3):
        chat(tracer_of(processor))
    assert processor.force_flush()
    processor.shutdown()
    assert not any(processor.losses.values())
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "OBS_API_KEY" in caplog.text


def test_spans_that_are_not_sampled_are_not_sent(bridge: Bridge, server: IngestServer):
    processor = bridge()
    provider = TracerProvider(sampler=ALWAYS_OFF, shutdown_on_exit=False)
    provider.add_span_processor(processor)
    chat(provider.get_tracer("test"))
    assert processor.force_flush()
    assert server.requests == []


def test_spans_of_other_kinds_are_never_sent(
    bridge: Bridge, tracer_of: TracerOf, server: IngestServer
):
    processor = bridge()
    start(tracer_of(processor), "GET /", attributes={"http.request.method": "GET"}).end()
    assert processor.force_flush()
    assert server.requests == []


def test_a_span_between_a_call_and_its_agent_is_told_as_a_link(
    bridge: Bridge, tracer_of: TracerOf, server: IngestServer
):
    processor = bridge()
    tracer = tracer_of(processor)
    agent = start(tracer, "invoke_agent planner", attributes=dict(AGENT))
    http = start(tracer, "POST /v1", parent=agent)
    start(tracer, "unrelated", parent=agent).end()
    chat(tracer, parent=http)
    http.end()
    agent.end()
    assert processor.force_flush()
    trace_id, http_id = hex_ids(http)
    agent_id = hex_ids(agent)[1]
    assert server.links == [{"trace_id": trace_id, "span_id": http_id, "parent_span_id": agent_id}]


def test_a_run_that_goes_on_is_told_before_it_ends_and_once_more_when_it_has(
    bridge: Bridge, tracer_of: TracerOf, server: IngestServer
):
    processor = bridge()
    span = start(tracer_of(processor), "invoke_agent planner", attributes=dict(AGENT))
    assert processor.force_flush()
    assert [event["event_type"] for event in server.events] == ["run_started"]
    span.end()
    assert processor.force_flush()
    assert [event["event_type"] for event in server.events] == [
        "run_started",
        "run_started",
        "run_finished",
    ]
    keys = [event["dedupe_key"] for event in server.events]
    assert keys[0] == keys[1]
    assert server.events[0] == server.events[1]


def test_a_run_is_told_by_itself_once_its_span_is_settled(
    bridge: Bridge, tracer_of: TracerOf, server: IngestServer
):
    tracer = tracer_of(bridge(schedule_delay_ms=1))
    start(tracer, "young", attributes=dict(AGENT))
    long_ago_ns = time.time_ns() - 10**10
    old = start(tracer, "old", attributes=dict(AGENT), start_time=long_ago_ns)
    assert server.wait_for(lambda seen: len(seen.events) == 1)
    assert server.events[0]["span_id"] == hex_ids(old)[1]


def test_a_run_that_never_ends_is_told_when_the_process_does(
    bridge: Bridge, tracer_of: TracerOf, server: IngestServer
):
    processor = bridge()
    start(tracer_of(processor), "invoke_agent planner", attributes=dict(AGENT))
    processor.shutdown()
    assert [event["event_type"] for event in server.events] == ["run_started"]


def test_after_the_shutdown_spans_are_counted_and_nothing_is_sent(
    bridge: Bridge, tracer_of: TracerOf, server: IngestServer
):
    processor = bridge()
    tracer = tracer_of(processor)
    chat(tracer)
    processor.shutdown()
    assert len(server.events) == 1
    chat(tracer)
    assert processor.losses["shutdown"] == 1
    assert processor.force_flush()
    assert len(server.events) == 1


def test_a_shutdown_without_any_span_starts_and_sends_nothing(bridge: Bridge, server: IngestServer):
    processor = bridge()
    assert processor.force_flush()
    processor.shutdown()
    assert server.requests == []


def test_a_proxy_address_that_cannot_be_used_is_told_and_disturbs_nobody(
    bridge: Bridge,
    tracer_of: TracerOf,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
):
    monkeypatch.setenv("http_proxy", "nonsense://proxy")
    monkeypatch.setenv("no_proxy", "")
    processor = bridge()
    chat(tracer_of(processor))
    assert processor.force_flush(500) is False
    processor.shutdown()
    assert processor.losses["shutdown"] == 1
    assert "nonsense" in caplog.text
