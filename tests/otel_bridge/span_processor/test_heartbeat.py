from __future__ import annotations

from collections.abc import Callable

import pytest
from opentelemetry.sdk.trace import Tracer

from otel_bridge.span_processor.heartbeat import Heartbeat
from otel_bridge.span_processor.processor import ObsSpanProcessor
from tests.otel_bridge.conftest import Bridge
from tests.otel_bridge.ingest_server import HEARTBEAT_PATH, IngestServer, Reply
from tests.otel_bridge.spans import AGENT, chat, start

TracerOf = Callable[[ObsSpanProcessor], Tracer]


def test_the_configured_agent_gives_signs_of_life_at_its_interval(
    bridge: Bridge, tracer_of: TracerOf, server: IngestServer
):
    processor = bridge(agent="shop", heartbeat_interval_s=0.001, schedule_delay_ms=1)
    chat(tracer_of(processor))
    assert server.wait_for(lambda seen: len(seen.heartbeats) >= 3)
    beat = server.heartbeats[0]
    assert beat["agent"] == "shop"
    assert beat["status"] == "alive"
    assert set(beat["metadata"]) == {"losses", "sdk_version", "pid", "host"}
    assert beat["metadata"]["losses"] == processor.losses


def test_the_first_sign_of_life_follows_the_first_events(
    bridge: Bridge, tracer_of: TracerOf, server: IngestServer
):
    processor = bridge(agent="shop", heartbeat_interval_s=3600)
    chat(tracer_of(processor))
    assert processor.force_flush()
    assert server.wait_for(lambda seen: len(seen.requests) == 2)
    assert server.requests[1].path == HEARTBEAT_PATH


def test_without_a_configured_agent_every_agent_that_ran_here_gives_them(
    bridge: Bridge, tracer_of: TracerOf, server: IngestServer
):
    processor = bridge(heartbeat_interval_s=3600)
    tracer = tracer_of(processor)
    for name in ("writer", "critic"):
        start(tracer, name, attributes={**AGENT, "gen_ai.agent.name": name}).end()
    assert processor.force_flush()
    assert server.wait_for(lambda seen: len(seen.heartbeats) == 2)
    assert [beat["agent"] for beat in server.heartbeats] == ["writer", "critic"]


def test_no_interval_means_no_heartbeats(bridge: Bridge, tracer_of: TracerOf, server: IngestServer):
    processor = bridge(agent="shop", heartbeat_interval_s=0)
    chat(tracer_of(processor))
    assert processor.force_flush()
    processor.shutdown()
    assert server.heartbeats == []


def test_an_agent_that_the_server_has_not_met_is_introduced_by_an_event(
    bridge: Bridge, server: IngestServer
):
    server.known_agents = set()
    processor = bridge()
    processor.submit(Heartbeat(agent="new", metadata={"step": 3}))
    assert processor.force_flush()
    (event,) = server.events
    assert event["event_type"] == "heartbeat"
    assert event["agent"] == "new"
    assert event["payload"]["metadata"]["step"] == 3


def test_a_heartbeat_that_is_refused_is_told_and_not_repeated(
    bridge: Bridge, server: IngestServer, caplog: pytest.LogCaptureFixture
):
    processor = bridge()
    server.answer_with(Reply(404))
    processor.submit(Heartbeat(agent_id=7))
    assert processor.force_flush()
    assert [beat["agent_id"] for beat in server.heartbeats] == [7]
    assert server.events == []
    assert "heartbeat not taken (404)" in caplog.text
