"""What a log record tells among the spans of its program: properties of the decision."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from backend.store.accounting import Decision, Entry, SetAside, Uid, decide
from otel_bridge.event import run_id_of
from otel_bridge.facts import Operation
from tests.backend.store.entries import TRACE, decided, entry, uid_of, within_traces

SECOND_US = 1_000_000


def log(name: str, operation: Operation = Operation.CHAT, **fields: Any) -> Entry:
    """Return what a log record tells: it has no span, only a parent at the most."""
    told = entry(name, operation, scope="logs/x", resource="process", tokens=None)
    placeless = replace(told, trace_id=None, span_id=None)
    return replace(placeless, **fields)


def test_a_log_in_a_span_belongs_to_the_agent_above_it() -> None:
    agent = entry("agent", Operation.AGENT, agent="a", event_type="run_finished")
    logged = log("log", tokens_in=5, trace_id=TRACE, parent_span_id="http")
    found = decide([logged, agent], within_traces({(TRACE, "http"): "agent"}))[logged.uid]
    assert (found.agent, found.run_id) == ("a", run_id_of(TRACE, "agent"))


def test_a_log_without_a_span_belongs_to_its_service() -> None:
    found = decided([log("log", tokens_in=5)])
    (decision,) = found.values()
    assert (decision.agent, decision.run_id, decision.counted) == ("service", None, True)


def test_a_log_written_in_another_call_s_span_does_not_hide_that_call() -> None:
    span = entry("call", Operation.CHAT, tokens=100, response_id="r", scope="x")
    logged = log(
        "log", tokens_in=7, tokens_out=7, response_id="q", trace_id=TRACE, parent_span_id="call"
    )
    assert all(one.counted for one in decided([span, logged]).values())


def test_the_total_of_an_agent_gives_way_to_the_call_that_a_log_below_it_tells() -> None:
    agent = entry("agent", Operation.AGENT, agent="a", tokens=100, event_type="run_finished")
    logged = log("log", tokens_in=100, tokens_out=100, trace_id=TRACE, parent_span_id="agent")
    found = decide([agent, logged], {})
    assert found[agent.uid].set_aside_reason == SetAside.REPEATS_CALLS_BELOW
    assert found[logged.uid].counted


def test_a_log_is_no_copy_of_a_log() -> None:
    same: dict[str, Any] = {"tokens_in": 7, "tokens_out": 7, "response_id": "r"}
    assert all(one.counted for one in decide([log("1", **same), log("2", **same)], {}).values())


@pytest.mark.parametrize(("lag_us", "calls"), [(0, 1), (2 * SECOND_US, 1), (2 * SECOND_US + 1, 2)])
@pytest.mark.parametrize("sign", [-1, 1])
def test_a_log_may_be_written_a_little_before_or_after_its_span(
    lag_us: int, calls: int, sign: int
) -> None:
    span = entry(
        "call",
        Operation.CHAT,
        tokens=100,
        scope="x",
        resource="process",
        started_us=50 * SECOND_US,
        created_us=50 * SECOND_US,
    )
    at_us = 50 * SECOND_US + sign * lag_us
    logged = log("log", tokens_in=100, tokens_out=100, created_us=at_us)
    assert sum(one.counted for one in decide([span, logged], {}).values()) == calls


@dataclass(frozen=True, slots=True)
class _Call:
    """A call, or an execution of a tool, that really happened; and who tells it."""

    number: int
    operation: Operation
    by_span: bool
    by_log: bool
    knows_id: bool
    below: str | None
    in_trace: bool
    reasoning: int

    def tellings(self) -> list[Entry]:
        """Return one or two entries that tell it; each call has an hour of its own."""
        told = [self._span()] if self.by_span else []
        return [*told, self._log()] if self.by_log or not told else told

    def _span(self) -> Entry:
        tokens: dict[str, Any] = {"tokens_in": 10, "tokens_out": 20}
        if self.operation is Operation.TOOL:
            tokens = {}
        return replace(
            entry(f"s{self.number}", self.operation, parent=self.below, scope="x"),
            **self._common(),
            **tokens,
        )

    def _log(self) -> Entry:
        tokens: dict[str, int] = {}
        if self.operation is not Operation.TOOL:
            tokens = {"tokens_in": 10, "tokens_out": 20 + self.reasoning}
            tokens |= {"tokens_reasoning": self.reasoning}
        place = {"trace_id": TRACE, "parent_span_id": self.below} if self.in_trace else {}
        return log(f"l{self.number}", self.operation, **self._common(), **tokens, **place)

    def _common(self) -> dict[str, Any]:
        at_us = (self.number + 1) * 3600 * SECOND_US
        return {
            "started_us": at_us,
            "created_us": at_us + SECOND_US,
            "response_id": f"r{self.number}" if self.knows_id else None,
            "tool": "t" if self.operation is Operation.TOOL else None,
            "resource": "process",
        }


@st.composite
def _calls(draw: st.DrawFn) -> list[_Call]:
    calls = []
    for number in range(draw(st.integers(1, 8))):
        operation = draw(st.sampled_from([Operation.CHAT, Operation.TOOL]))
        knows_id = draw(st.booleans())
        calls.append(
            _Call(
                number,
                operation,
                by_span=draw(st.booleans()),
                by_log=draw(st.booleans()),
                knows_id=knows_id,
                below=draw(st.sampled_from([None, "agent", "gone"])),
                # Without an id, an execution is found in its own trace alone.
                in_trace=draw(st.booleans()) or (operation is Operation.TOOL and not knows_id),
                # An id goes with equal tokens; time and process allow for thoughts.
                reasoning=0 if knows_id else draw(st.sampled_from([0, 80])),
            )
        )
    return calls


def _tellings(calls: list[_Call]) -> list[Entry]:
    agent = entry("agent", Operation.AGENT, agent="a", event_type="run_finished")
    return [agent, *(told for call in calls for told in call.tellings())]


@given(calls=_calls())
def test_each_call_counts_once_whoever_tells_it(calls: list[_Call]) -> None:
    entries = _tellings(calls)
    decisions = decide(entries, {})
    for event_type, operation in (("llm_call", Operation.CHAT), ("tool_call", Operation.TOOL)):
        counted = [
            one for one in entries if one.event_type == event_type and decisions[one.uid].counted
        ]
        assert len(counted) == sum(call.operation is operation for call in calls)


@given(calls=_calls(), random=st.randoms(use_true_random=False))
def test_the_order_of_arrival_decides_nothing(calls: list[_Call], random: Random) -> None:
    entries = _tellings(calls)
    shuffled = list(entries)
    random.shuffle(shuffled)
    assert decide(shuffled, {}) == decide(entries, {})


@st.composite
def _anything(draw: st.DrawFn) -> list[Entry]:
    """Return spans and logs that may or may not belong together."""
    entries = []
    for number in range(draw(st.integers(1, 10))):
        is_log = draw(st.booleans())
        kinds = [Operation.CHAT, Operation.TOOL, *([] if is_log else [Operation.AGENT])]
        operation = draw(st.sampled_from(kinds))
        # No program tells tokens of a tool.
        tokens = [None] if operation is Operation.TOOL else [None, 0, 1, 2]
        start_us = draw(st.integers(0, 5)) * SECOND_US
        told = replace(
            entry(f"s{number}", operation, scope="x"),
            tokens_in=draw(st.sampled_from(tokens)),
            tokens_out=draw(st.sampled_from(tokens)),
            tokens_reasoning=draw(st.sampled_from([None, 1])),
            response_id=draw(st.sampled_from([None, "r", "q"])),
            tool=draw(st.sampled_from([None, "t"])),
            resource=draw(st.sampled_from(["process", None])),
            started_us=start_us,
            created_us=start_us + SECOND_US,
            parent_span_id=draw(st.sampled_from([None, "s0", "s1"])),
        )
        if is_log:
            trace = draw(st.sampled_from([None, TRACE]))
            told = replace(told, span_id=None, trace_id=trace, scope="logs/x")
        entries.append(replace(told, uid=uid_of(f"any {number}")))
    return entries


@given(entries=_anything(), random=st.randoms(use_true_random=False))
def test_whatever_comes_is_decided_alike_in_any_order(entries: list[Entry], random: Random) -> None:
    shuffled = list(entries)
    random.shuffle(shuffled)
    found = decide(shuffled, {})
    assert _shown(entries, found) == _shown(entries, decide(entries, {}))
    carriers = [one for one in entries if one.carries_usage]
    assert not carriers or any(found[one.uid].counted for one in carriers)


def _shown(entries: list[Entry], decisions: dict[Uid, Decision]) -> list[str]:
    """Return the decisions by what their entries tell: of equal logs any may count."""
    nobody = uid_of("nobody")
    return sorted(
        str((replace(one, uid=nobody), replace(decisions[one.uid], kept=None))) for one in entries
    )
