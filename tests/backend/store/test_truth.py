"""Every capture against what really happened: mapping and accounting together, in memory.

One capture cannot be right, in its spans' own words: in `openinference-old-anthropic` a cached
stream tells 1296 input tokens and no cached ones where 3628 were served.
"""

from __future__ import annotations

from uuid import uuid4

import pytest

from backend.ingest.otlp import BadSpan, records_of
from backend.store.accounting import Decision, Uid, decide
from backend.store.new_rows import new_row
from otel_bridge.event import Event
from otel_bridge.mapping import events_from, link_from
from otel_bridge.pricing import PriceBook
from tests.truth.captures import FOLDER, Capture, captures_in

NAMES = [capture.name for capture in captures_in(FOLDER)]
UNTRUE = {"openinference-old-anthropic"}
#: Tracers that name no agents on these spans, or never end a run's span.
TELLS_FEWER_RUNS = {
    "js-traceloop-openai",
    "langfuse3-openai",
    "langsmith-otel-openai",
    "logfire-openai",
    "openinference-langchain-calls",
    "openlit-openai",
    "pydantic-ai",
    "smolagents",
}
#: Tracers that name no tools on these spans, or do not export those of failed ones.
TELLS_FEWER_TOOLS = {
    "crewai_traceloop+openai",
    "js-traceloop-openai",
    "langfuse3-openai",
    "logfire-openai",
    "openlit-openai",
}

Counted = list[tuple[Event, Decision]]


def decided(name: str) -> Counted:
    events: dict[Uid, Event] = {}
    links: dict[tuple[str, str], tuple[str, str]] = {}
    for record in records_of(Capture.named(name).request):
        assert not isinstance(record, BadSpan)
        made = events_from(record, prices=PriceBook())
        events |= {uuid4().bytes: event for event in made}
        if not made and (link := link_from(record)):
            before = link.parent_trace_id or link.trace_id
            links[link.trace_id, link.span_id] = (before, link.parent_span_id)
    rows = [new_row(event, uid).row for uid, event in events.items()]
    decisions = decide([row.entry for row in rows], links)
    return [(event, decisions[uid]) for uid, event in events.items()]


def total(events: Counted, field: str) -> int:
    return sum(getattr(event, field) or 0 for event, one in events if one.counted)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in UNTRUE])
@pytest.mark.parametrize("field", ["tokens_in", "tokens_out"])
def test_tokens_are_those_that_were_served(name: str, field: str) -> None:
    assert total(decided(name), field) in getattr(Capture.named(name).truth, field)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in TELLS_FEWER_TOOLS])
def test_each_execution_of_a_tool_is_one(name: str) -> None:
    tools = [event for event, one in decided(name) if one.event_type == "tool_call"]
    assert len(tools) == Capture.named(name).truth.tools[0]


@pytest.mark.parametrize("name", [name for name in NAMES if name not in TELLS_FEWER_RUNS])
def test_each_run_is_one(name: str) -> None:
    runs = [event for event, one in decided(name) if one.event_type == "run_finished"]
    assert len(runs) == sum(count for count, _ in Capture.named(name).truth.runs.values())


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
