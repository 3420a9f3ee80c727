"""Runs over several traces, runs that leaked into others, and agents without a span."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from backend.store import EventStore, RunFilter
from backend.store.accounting import Decision, Entry, decide
from otel_bridge.event import Event, SpanLink, run_id_of
from otel_bridge.facts import Operation
from tests.backend.store.entries import TRACE, entry
from tests.backend.store.makers import llm_call, run_finished

OTHER = "b" * 32


def in_other(one: Entry) -> Entry:
    return replace(one, trace_id=OTHER)


def by_span(
    entries: list[Entry], links: dict[tuple[str, str], tuple[str, str]]
) -> dict[str | None, Decision]:
    decisions = decide(entries, links)
    return {one.span_id: decisions[one.uid] for one in entries}


def test_an_agent_that_a_message_of_another_reached_is_an_action_of_its_run() -> None:
    boss = entry("boss", Operation.AGENT, agent="boss", started_us=0)
    sub = in_other(entry("sub", Operation.AGENT, parent="process", agent="sub", started_us=10))
    links = {
        (OTHER, "process"): (OTHER, "publish"),
        (OTHER, "publish"): (TRACE, "create"),
        (TRACE, "create"): (TRACE, "boss"),
    }
    found = by_span([boss, sub], links)
    assert (found["boss"].event_type, found["sub"].event_type) == (
        "run_finished",
        "action_finished",
    )
    assert found["sub"].run_id == run_id_of(TRACE, "boss")


def test_agents_that_speak_by_messages_are_one_run_of_the_first() -> None:
    first = entry("first", Operation.AGENT, parent="send", agent="first", started_us=0)
    second = in_other(entry("second", Operation.AGENT, parent="send", agent="second", started_us=9))
    call = in_other(entry("call", Operation.CHAT, parent="second", tokens=5))
    links = {(TRACE, "send"): ("c" * 32, "begin"), (OTHER, "send"): ("c" * 32, "begin")}
    found = by_span([second, call, first], links)
    assert found["first"].event_type == "run_finished"
    assert found["second"].event_type == "action_finished"
    assert {one.run_id for one in found.values()} == {run_id_of(TRACE, "first")}
    assert found["call"].agent == "second"


@pytest.mark.parametrize(("start_us", "runs"), [(50, 1), (101, 2)])
def test_an_agent_that_began_when_the_one_above_had_ended_is_a_run_of_its_own(
    start_us: int, runs: int
) -> None:
    dead = entry("dead", Operation.AGENT, agent="a", created_us=100, started_us=0, resource="p")
    later = entry(
        "later",
        Operation.AGENT,
        parent="dead",
        agent="b",
        created_us=200,
        started_us=start_us,
        resource="p",
    )
    found = by_span([dead, later], {})
    assert len({one.run_id for one in found.values()}) == runs


def test_what_stands_below_a_tool_that_hands_over_belongs_to_whom_it_names() -> None:
    found = by_span(
        [
            entry("boss", Operation.AGENT, agent="boss"),
            entry("ask", Operation.TOOL, parent="boss", delegate="expert"),
            entry("call", Operation.CHAT, parent="ask", tokens=5),
        ],
        {},
    )
    assert [found[key].agent for key in ("boss", "ask", "call")] == ["boss", "boss", "expert"]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (1, 2, 0)])
def test_a_run_goes_on_over_traces_in_whatever_order_they_come(
    store: EventStore, owner_id: int, order: tuple[int, ...]
) -> None:
    parts: list[tuple[list[Event], list[SpanLink]]] = [
        ([run_finished("boss", agent="boss")], []),
        ([], [SpanLink(OTHER, "publish", "boss", TRACE)]),
        (
            [
                run_finished("sub", agent="sub", trace_id=OTHER, parent_span_id="publish"),
                llm_call("call", trace_id=OTHER, parent_span_id="sub"),
            ],
            [],
        ),
    ]
    for index in order:
        events, links = parts[index]
        store.append(owner_id, events, links=links)
    (run,) = store.runs(owner_id, RunFilter(), limit=5).runs
    assert (run.run_id, run.agent, run.total_tokens_in) == (run_id_of(TRACE, "boss"), "boss", 100)
