"""Every capture against what really happened: mapping and accounting together, in memory.

Two captures cannot be right, in their spans' own words: in `openinference-old-anthropic` a cached
call tells 1296 input tokens and no cached ones where 3628 were served; the streams of
`traceloop-anthropic` tell one output token too many each, which is over the slack in the sum.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from backend.ingest.otlp import BadSpan, parse_protobuf, records_of
from backend.store.accounting import Decision, Entry, decide
from otel_bridge.event import Event
from otel_bridge.mapping import events_from, link_from
from otel_bridge.pricing import PriceBook

CAPTURES = Path(__file__).parents[2] / "captures"
NAMES = sorted(file.name.removesuffix(".pb") for file in CAPTURES.glob("*.pb"))
UNTRUE = {"openinference-old-anthropic", "traceloop-anthropic"}
#: Tracers that name neither agents nor tools on these spans, or never end a run's span.
TELLS_FEWER_RUNS = {
    "autogen",
    "logfire-openai",
    "openinference-langchain-calls",
    "openlit-openai",
    "pydantic-ai",
    "smolagents",
}
TELLS_NO_TOOLS = {"logfire-openai", "openlit-openai"}
#: An emitter may be off by a token.
SLACK = 1.005

Counted = list[tuple[Event, Decision]]


def entry_of(uid: UUID, event: Event) -> Entry:
    return Entry(
        uid=uid,
        event_type=event.event_type,
        status=event.status,
        created_us=event.created_at_us,
        started_us=event.started_at_us,
        operation=event.operation,
        trace_id=event.trace_id,
        span_id=event.span_id,
        parent_span_id=event.parent_span_id,
        agent=event.agent,
        default_agent=event.default_agent,
        tokens_in=event.tokens_in,
        tokens_out=event.tokens_out,
        tokens_cache_read=event.tokens_cache_read,
        tokens_cache_write=event.tokens_cache_write,
        tokens_reasoning=event.tokens_reasoning,
        model=event.model,
        scope=event.scope,
        response_id=event.response_id,
        resource=event.resource,
    )


def decided(name: str) -> Counted:
    events: dict[UUID, Event] = {}
    links: dict[tuple[str, str], tuple[str, str]] = {}
    for record in records_of(parse_protobuf((CAPTURES / f"{name}.pb").read_bytes())):
        assert not isinstance(record, BadSpan)
        made = events_from(record, prices=PriceBook())
        events |= {uuid4(): event for event in made}
        if not made and (link := link_from(record)):
            before = link.parent_trace_id or link.trace_id
            links[link.trace_id, link.span_id] = (before, link.parent_span_id)
    decisions = decide([entry_of(uid, event) for uid, event in events.items()], links)
    return [(event, decisions[uid]) for uid, event in events.items()]


def truth(name: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((CAPTURES / f"{name}.truth.json").read_text())
    return told


def total(events: Counted, field: str) -> int:
    return sum(getattr(event, field) or 0 for event, one in events if one.counted)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in UNTRUE])
@pytest.mark.parametrize("field", ["tokens_in", "tokens_out"])
def test_tokens_are_those_that_were_served(name: str, field: str) -> None:
    told = truth(name)
    found = total(decided(name), field)
    assert told["expect"][field] <= found <= told["visible"][field] * SLACK


@pytest.mark.parametrize("name", [name for name in NAMES if name not in TELLS_NO_TOOLS])
def test_each_execution_of_a_tool_is_one(name: str) -> None:
    tools = [event for event, one in decided(name) if one.event_type == "tool_call"]
    assert len(tools) == truth(name)["expect"]["tools"]


@pytest.mark.parametrize("name", [name for name in NAMES if name not in TELLS_FEWER_RUNS])
def test_each_run_is_one(name: str) -> None:
    runs = [event for event, one in decided(name) if one.event_type == "run_finished"]
    assert len(runs) == truth(name)["expect"]["runs"]


def test_no_call_of_a_capture_with_a_known_provider_is_without_a_price() -> None:
    unpriced = [
        (name, event.provider, event.model)
        for name in NAMES
        for event, one in decided(name)
        if one.counted and event.event_type == "llm_call" and event.tokens_in
        if event.cost_usd is None
    ]
    # A provider of the user's own making, whose prices nobody knows.
    assert unpriced == [("vercel-ai-sdk-v6", "fakeprov.chat", "o3-mini-2025-01-31")]
