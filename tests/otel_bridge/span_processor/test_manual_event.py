from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from otel_bridge.span_processor.manual_event import event_of

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_an_event_is_as_given_and_happened_now_with_a_key_of_its_own():
    event, other = (
        event_of("metric", {"status": "info", "payload": {"score": 1}}, now=NOW) for _ in range(2)
    )
    assert event.to_dict() == {
        "event_type": "metric",
        "status": "info",
        "payload": {"score": 1},
        "created_at": "2026-01-02T03:04:05.000000Z",
        "dedupe_key": event.dedupe_key,
    }
    assert event.dedupe_key != other.dedupe_key


def test_what_is_given_is_kept():
    event = event_of(
        "llm_call",
        {
            "dedupe_key": "mine",
            "created_at": "2026-01-01T00:00:00Z",
            "cost_usd": 0.1,
            "tokens_in": 0,
            "model": None,
        },
        now=NOW,
    )
    assert event.dedupe_key == "mine"
    assert event.to_dict()["created_at"] == "2026-01-01T00:00:00.000000Z"
    assert event.cost_usd == Decimal("0.1")
    assert event.tokens_in == 0
    assert "model" not in event.to_dict()


def test_a_time_without_a_zone_is_utc():
    naive = datetime(2026, 1, 1)  # noqa: DTZ001 - this is what is tested
    event = event_of("metric", {"created_at": naive}, now=NOW)
    assert event.to_dict()["created_at"] == "2026-01-01T00:00:00.000000Z"


@pytest.mark.parametrize(
    ("event_type", "fields", "message"),
    [
        ("meteric", {}, "invalid event_type 'meteric'"),
        ("metric", {"status": "ok"}, "invalid status 'ok'"),
        ("metric", {"tokens": 1}, "unknown field tokens"),
        ("metric", {"created_at_us": 1}, "unknown field created_at_us"),
        ("metric", {"tokens_in": -1}, "tokens_in must be a whole number"),
        ("metric", {"latency_ms": 1.5}, "latency_ms must be a whole number"),
        ("metric", {"agent_id": True}, "agent_id must be a whole number"),
        ("metric", {"cost_usd": "much"}, "cost_usd must be a number"),
        ("metric", {"cost_usd": float("nan")}, "cost_usd must be a number"),
        ("metric", {"cost_usd": -1}, "cost_usd must be a number"),
        ("metric", {"payload": [1]}, "payload must be a mapping"),
        ("metric", {"created_at": 5}, "created_at must be a datetime"),
        ("metric", {"created_at": "yesterday"}, "isoformat"),
    ],
)
def test_what_the_api_would_not_take_is_refused_with_the_reason(
    event_type: str, fields: dict[str, Any], message: str
):
    with pytest.raises((ValueError, TypeError), match=message):
        event_of(event_type, fields, now=NOW)
