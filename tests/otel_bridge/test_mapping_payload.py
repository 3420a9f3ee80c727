"""What the payload of an event tells beside its columns."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from otel_bridge.event import Event
from otel_bridge.mapping import events_from
from otel_bridge.pricing import Price, PriceBook
from tests.otel_bridge.told import span

CHAT = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o-mini",
    "gen_ai.usage.input_tokens": 1000,
    "gen_ai.usage.output_tokens": 100,
}


def mapped(attributes: dict[str, Any], prices: PriceBook | None = None, **fields: Any) -> Event:
    return events_from(span(attributes, **fields), prices=prices or PriceBook())[-1]


def test_a_plain_call_says_only_who_told_it_and_how_its_usage_is_meant() -> None:
    payload = mapped(CHAT).payload
    assert payload["convention"] == "genai"
    assert payload["usage_basis"] == "spec"
    assert payload.keys().isdisjoint({"warnings", "decided_by", "usage", "delegate"})


def test_parts_without_a_column_are_in_the_payload() -> None:
    parts = {
        "gen_ai.usage.audio.input_tokens": 40,
        "gen_ai.usage.audio.output_tokens": 0,
        "gen_ai.usage.image.input_tokens": 10,
    }
    assert mapped(CHAT | parts).payload["usage"] == {"audio_in": 40, "image_in": 10}


def test_warnings_are_sorted_codes() -> None:
    odd = {
        "gen_ai.request.model": 7,
        "gen_ai.usage.input_tokens": "many",
        "gen_ai.usage.output_tokens": None,
    }
    warnings = mapped(CHAT | odd).payload["warnings"]
    assert warnings == ["missing_model", "missing_usage", "unreadable_value"]
    assert all(type(warning) is str for warning in warnings)


@pytest.mark.parametrize(
    ("tracer_usd", "differs"), [("0.00021", False), ("0.00025", False), ("0.0005", True)]
)
def test_a_tracer_s_cost_far_from_ours_is_told(tracer_usd: str, differs: bool) -> None:
    event = mapped(CHAT | {"gen_ai.usage.cost": tracer_usd})
    assert event.cost_usd == Decimal("0.00021")
    assert ("cost_differs" in event.payload.get("warnings", [])) is differs


def test_the_owner_s_own_price_may_differ_from_the_tracer_s() -> None:
    own = PriceBook([Price("openai", "gpt-4o-mini", Decimal(9), Decimal(9))])
    event = mapped(CHAT | {"gen_ai.usage.cost": 0.00021}, own)
    assert event.payload["cost_source"] == "owner"
    assert "warnings" not in event.payload


def test_facts_of_other_conventions_name_them() -> None:
    event = mapped({"openinference.span.kind": "LLM"} | CHAT)
    assert event.payload["convention"] == "openinference"
    assert event.payload["decided_by"] == {"usage": "genai", "model": "genai", "provider": "genai"}


def test_a_delegation_says_who_is_asked() -> None:
    event = mapped(
        {
            "openinference.span.kind": "TOOL",
            "tool.name": "Delegate work to coworker",
            "input.value": '{"coworker": "researcher", "task": "look it up"}',
        },
        scope="openinference.instrumentation.crewai",
    )
    assert (event.event_type, event.payload["delegate"]) == ("tool_call", "researcher")


def test_a_call_told_at_its_end_began_when_it_says() -> None:
    event = mapped(CHAT | {"logfire.span_type": "log", "duration": 0.25}, scope="logfire.openai")
    assert event.started_at_us == 750_000
    assert event.created_at_us == 2_000_000
    assert event.latency_ms == 1250
