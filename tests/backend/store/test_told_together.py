"""What the events of one call tell together, whichever came first."""

from __future__ import annotations

from itertools import permutations

import pytest

from backend.store.accounting import Entry, SetAside, Told
from otel_bridge.facts import Operation
from tests.backend.store.entries import decided, entry

CHAT = Operation.CHAT


def seen_by(scope: str, span_id: str, **fields: object) -> Entry:
    """Return a call of 100 tokens that a tracer saw as the root of a trace of its own."""
    seen = {"trace_id": span_id * 32, "tokens": 100, "response_id": "r"} | fields
    return entry(span_id, CHAT, scope=scope, **seen)  # type: ignore[arg-type]  # Entry's own fields


def told(*entries: Entry) -> Told:
    """Return what the only call that counts tells, the same in every order."""
    found = set()
    for order in permutations(entries):
        (counted,) = (
            (one, by) for by, one in decided(order).items() if one.set_aside_reason is None
        )
        decision, span_id = counted
        own = next(Told.by(one) for one in entries if one.span_id == span_id)
        found.add(decision.told or own)
    (only,) = found
    return only


def test_parts_that_one_tracer_knows_are_known_of_the_call() -> None:
    one = seen_by("a", "1", tokens_cache_read=60, model="gpt-4o")
    two = seen_by("b", "2", tokens_reasoning=7, session="s", provider="openai")
    both = told(one, two)
    assert (both.tokens_in, both.tokens_cache_read, both.tokens_reasoning) == (100, 60, 7)
    assert (both.model, both.provider, both.session) == ("gpt-4o", "openai", "s")


def test_a_part_that_is_told_goes_before_a_zero() -> None:
    zero = seen_by("a", "1", tokens_cache_read=0, tokens_cache_write=0, tokens_reasoning=0)
    assert told(zero, seen_by("b", "2", tokens_cache_read=60)).tokens_cache_read == 60


def test_the_name_that_says_most_exactly_which_model_answered_is_taken() -> None:
    asked = seen_by("a", "1", model="gpt-4o", tokens_cache_read=1, tokens_reasoning=1)
    assert told(asked, seen_by("b", "2", model="gpt-4o-2024-08-06")).model == "gpt-4o-2024-08-06"


def test_a_tracer_that_leaves_cached_tokens_out_takes_the_whole_from_one_that_tells_it() -> None:
    whole = seen_by("a", "1", tokens_in=1000, tokens_cache_read=900)
    part = seen_by(
        "b", "2", tokens_in=100, tokens_reasoning=3, sent_cost_nusd=1, sent_cost_source="tracer"
    )
    both = told(whole, part)
    assert (both.tokens_in, both.tokens_cache_read) == (1000, 900)


def test_a_cost_that_came_with_one_of_them_is_the_call_s() -> None:
    free = seen_by("a", "1", tokens_cache_read=1, tokens_reasoning=1)
    both = told(free, seen_by("b", "2", sent_cost_nusd=5, sent_cost_source="tracer"))
    assert (both.sent_cost_nusd, both.sent_cost_source) == (5, "tracer")


def test_a_price_that_a_client_looked_up_is_not_told_by_the_call() -> None:
    listed = seen_by("b", "2", sent_cost_nusd=5, sent_cost_source="price_list")
    rich = seen_by("a", "1", tokens_cache_read=1, tokens_reasoning=1)
    assert told(rich, listed).sent_cost_nusd is None


def test_parts_of_another_total_are_not_mixed_in() -> None:
    outer = entry("outer", CHAT, tokens=500, tokens_cache_read=400)
    inner = entry("inner", CHAT, parent="outer", tokens=100)
    found = decided([outer, inner])
    assert found["outer"].set_aside_reason == SetAside.SAME_CALL_BELOW
    assert found["inner"].told is None


def test_an_inner_span_without_usage_gives_the_model_that_answered() -> None:
    outer = entry("outer", CHAT, tokens=100, model="gpt-4o")
    inner = entry("inner", CHAT, parent="outer", model="gpt-4o-2024-08-06")
    both = decided([outer, inner])["outer"].told
    assert both is not None
    assert (both.tokens_in, both.model) == (100, "gpt-4o-2024-08-06")


def test_what_only_one_event_tells_is_as_it_tells_it() -> None:
    assert decided([entry("call", CHAT, tokens=100)])["call"].told is None


@pytest.mark.parametrize("scope", ["framework", "client"])
def test_a_tool_that_two_tracers_tell_is_one_execution(scope: str) -> None:
    outer = entry("outer", Operation.TOOL, tool="search", scope="framework")
    inner = entry("inner", Operation.TOOL, parent="outer", tool="search", scope=scope)
    found = decided([outer, inner])
    expected = None if scope == "framework" else SetAside.SAME_EXECUTION
    assert (found["outer"].set_aside_reason, found["inner"].set_aside_reason) == (None, expected)


def test_a_tool_inside_another_agent_is_another_execution() -> None:
    outer = entry("outer", Operation.TOOL, tool="ask", scope="a")
    agent = entry("agent", Operation.AGENT, parent="outer", agent="sub")
    inner = entry("inner", Operation.TOOL, parent="agent", tool="ask", scope="b")
    assert decided([outer, agent, inner])["inner"].counted


def timed_tool(span_id: str, start_us: int, end_us: int, scope: str) -> Entry:
    told = {"tool": "search", "scope": scope, "resource": "process"}
    return entry(span_id, Operation.TOOL, started_us=start_us, created_us=end_us, **told)  # type: ignore[arg-type]  # Entry's own fields


def test_equal_tools_at_one_time_that_two_tracers_tell_side_by_side_are_as_many_as_one_tells() -> (
    None
):
    spans = [
        timed_tool(f"{scope}{number}", number, 100 + number, scope)
        for number in range(3)
        for scope in ("one", "other")
    ]
    for order in (spans, spans[::-1]):
        assert sum(one.counted for one in decided(order).values()) == 3


def test_a_tool_that_runs_again_is_executed_again() -> None:
    found = decided([timed_tool("1", 0, 10, "one"), timed_tool("2", 11, 20, "other")])
    assert all(one.counted for one in found.values())


@pytest.mark.parametrize(("end_us", "calls"), [(1090, 1), (1300, 2)])
def test_calls_without_tokens_are_one_where_they_ran_together(end_us: int, calls: int) -> None:
    told = {"resource": "process", "model": "gpt-4o"}
    one = entry("1", CHAT, scope="a", started_us=0, created_us=1000, **told)  # type: ignore[arg-type]  # Entry's own fields
    two = entry("2", CHAT, scope="b", started_us=end_us - 1000, created_us=end_us, **told)  # type: ignore[arg-type]  # Entry's own fields
    assert sum(one.counted for one in decided([one, two]).values()) == calls
