"""What becomes of a batch, against a real socket."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest
from opentelemetry.sdk.trace import Tracer

from otel_bridge.span_processor.processor import ObsSpanProcessor
from otel_bridge.span_processor.retry import RetryPolicy
from tests.otel_bridge.conftest import Bridge
from tests.otel_bridge.ingest_server import Close, Hang, IngestServer, Reply
from tests.otel_bridge.spans import chat

TracerOf = Callable[[ObsSpanProcessor], Tracer]


def _lost(processor: ObsSpanProcessor) -> dict[str, int]:
    return {reason: count for reason, count in processor.losses.items() if count}


@pytest.mark.parametrize(
    "trouble", [Reply(429, {"Retry-After": "0"}), Reply(500), Reply(503), Reply(408), Close()]
)
def test_what_passes_is_sent_again_and_nothing_is_lost(
    bridge: Bridge, tracer_of: TracerOf, server: IngestServer, trouble: Reply | Close
):
    processor = bridge()
    server.answer_with(trouble, trouble)
    chat(tracer_of(processor))
    assert processor.force_flush()
    first, second, third = server.event_requests
    assert first.body == second.body == third.body
    assert _lost(processor) == {}


def test_a_request_that_hangs_is_sent_again(
    bridge: Bridge, tracer_of: TracerOf, server: IngestServer
):
    processor = bridge(export_timeout_ms=50)
    server.answer_with(Hang())
    chat(tracer_of(processor))
    assert processor.force_flush()
    assert len(server.event_requests) == 2
    assert _lost(processor) == {}


def test_after_the_last_attempt_the_batch_is_counted_and_the_next_one_is_sent(
    bridge: Bridge, tracer_of: TracerOf, server: IngestServer, caplog: pytest.LogCaptureFixture
):
    processor = bridge(max_export_batch_size=2)
    tracer = tracer_of(processor)
    server.answer_with(Reply(503), Reply(503), Reply(503))
    for _ in range(3):
        chat(tracer)
    assert processor.force_flush()
    assert _lost(processor) == {"retries_exhausted": 2}
    assert len(server.event_requests[-1].json["events"]) == 1
    assert caplog.text.count("503") == 1


def test_the_server_decides_how_long_to_wait(
    bridge: Bridge, tracer_of: TracerOf, server: IngestServer
):
    processor = bridge(retry=RetryPolicy(attempts=2, first_s=3600, max_s=3600))
    server.answer_with(Reply(429, {"Retry-After": "0"}))
    chat(tracer_of(processor))
    assert processor.force_flush()
    assert len(server.event_requests) == 2


@pytest.mark.parametrize(
    ("status", "reason"),
    [(401, "unauthorized"), (403, "unauthorized"), (400, "rejected"), (404, "rejected")],
)
def test_a_refusal_is_counted_told_once_and_not_repeated(
    bridge: Bridge,
    tracer_of: TracerOf,
    server: IngestServer,
    caplog: pytest.LogCaptureFixture,
    status: int,
    reason: str,
):
    processor = bridge(max_export_batch_size=1)
    tracer = tracer_of(processor)
    server.answer_with(Reply(status), Reply(status))
    chat(tracer)
    chat(tracer)
    assert processor.force_flush()
    assert len(server.event_requests) == 2
    assert _lost(processor) == {reason: 2}
    assert caplog.text.count(f"answered {status}") == 1


def test_a_body_that_is_too_large_is_sent_in_halves_until_each_fits(
    bridge: Bridge, tracer_of: TracerOf, server: IngestServer
):
    processor = bridge()
    tracer = tracer_of(processor)
    # All four, then the first two, then the first alone are refused.
    server.answer_with(Reply(413), Reply(413), Reply(413))
    for _ in range(4):
        chat(tracer)
    assert processor.force_flush()
    sizes = [len(request.json["events"]) for request in server.event_requests]
    assert sizes == [4, 2, 1, 1, 2]
    assert _lost(processor) == {"too_large": 1}


def test_events_that_the_server_rejects_alone_are_counted(
    bridge: Bridge, tracer_of: TracerOf, server: IngestServer, caplog: pytest.LogCaptureFixture
):
    rejected = [{"index": 1, "reason": "no such agent"}]
    answer = {"accepted": 2, "rejected": rejected, "duplicates": 0, "total_submitted": 3}
    processor = bridge()
    tracer = tracer_of(processor)
    server.answer_with(Reply(200, body=json.dumps(answer).encode()))
    for _ in range(3):
        chat(tracer)
    assert processor.force_flush()
    assert _lost(processor) == {"rejected": 1}
    assert "no such agent" in caplog.text


@pytest.mark.parametrize("body", [b"<html>hello</html>", b"[]", b'"ok"'])
def test_a_friendly_answer_of_a_stranger_is_no_delivery(
    bridge: Bridge,
    tracer_of: TracerOf,
    server: IngestServer,
    caplog: pytest.LogCaptureFixture,
    body: bytes,
):
    processor = bridge()
    server.answer_with(Reply(200, body=body))
    chat(tracer_of(processor))
    assert processor.force_flush()
    assert _lost(processor) == {"rejected": 1}
    assert "OBS_ENDPOINT" in caplog.text


def test_a_flush_gives_up_waiting_but_not_the_spans(
    bridge: Bridge, tracer_of: TracerOf, server: IngestServer
):
    processor = bridge()
    server.answer_with(Hang())
    chat(tracer_of(processor))
    began = time.monotonic()
    assert processor.force_flush(50) is False
    assert time.monotonic() - began < 5
    server.release()
    assert processor.force_flush()
    assert len(server.events) == 1
    assert _lost(processor) == {}


def test_a_shutdown_is_bounded_and_counts_what_is_on_its_way_and_what_waits(
    bridge: Bridge, tracer_of: TracerOf, server: IngestServer
):
    processor = bridge(max_export_batch_size=2, shutdown_timeout_ms=50)
    tracer = tracer_of(processor)
    server.answer_with(Hang())
    for _ in range(5):
        chat(tracer)
    assert server.wait_for(lambda seen: len(seen.requests) == 1)
    began = time.monotonic()
    processor.shutdown()
    assert time.monotonic() - began < 5
    assert _lost(processor) == {"shutdown": 5}


def test_a_shutdown_in_a_long_wait_asks_once_more_at_once(
    bridge: Bridge, tracer_of: TracerOf, server: IngestServer
):
    hour = RetryPolicy(first_s=3600, max_s=3600)
    processor = bridge(retry=hour)
    server.answer_with(Reply(503))
    chat(tracer_of(processor))
    assert processor.force_flush(1) is False
    assert server.wait_for(lambda seen: len(seen.requests) == 1)
    processor.shutdown()
    assert len(server.event_requests) == 2
    assert _lost(processor) == {}


def test_a_shutdown_without_a_server_loses_the_spans_and_no_time(
    bridge: Bridge, tracer_of: TracerOf
):
    processor = bridge(endpoint="http://127.0.0.1:1", retry=RetryPolicy(first_s=3600, max_s=3600))
    tracer = tracer_of(processor)
    chat(tracer)
    chat(tracer)
    began = time.monotonic()
    processor.shutdown()
    assert time.monotonic() - began < 4
    assert _lost(processor) == {"shutdown": 2}
