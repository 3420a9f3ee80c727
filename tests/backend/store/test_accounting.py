"""Which run and agent an event belongs to, and whose usage counts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from backend.store.accounting import (
    Entry,
    SetAside,
    decide,
    dedupe_key_shown,
    lasting_key,
    own_key,
)
from otel_bridge.event import run_id_of
from otel_bridge.facts import Operation
from tests.backend.store.entries import TRACE, decided, entry, reasons, uid_of, within_traces


def test_the_outermost_agent_is_the_run_and_nested_ones_are_actions() -> None:
    found = decided(
        [
            entry("boss", Operation.AGENT, agent="boss", event_type="run_finished"),
            entry("tool", Operation.TOOL, parent="boss"),
            entry("sub", Operation.AGENT, parent="tool", agent="sub", event_type="run_finished"),
            entry("call", Operation.CHAT, parent="sub"),
        ]
    )
    run_id = run_id_of(TRACE, "boss")
    assert {one.run_id for one in found.values()} == {run_id}
    assert found["boss"].event_type == "run_finished"
    assert found["sub"].event_type == "action_finished"
    assert [found[key].agent for key in ("boss", "tool", "sub", "call")] == [
        "boss",
        "boss",
        "sub",
        "sub",
    ]


def test_an_agent_below_an_ordinary_span_is_a_run() -> None:
    agent = entry("agent", Operation.AGENT, parent="http", agent="a")
    assert decided([agent], {(TRACE, "http"): "root"})["agent"].event_type == "run_finished"


def test_spans_without_events_do_not_hide_the_agent_above_them() -> None:
    found = decided(
        [
            entry("agent", Operation.AGENT, agent="a"),
            entry("call", Operation.CHAT, parent="http2"),
        ],
        {(TRACE, "http2"): "http1", (TRACE, "http1"): "agent"},
    )
    assert found["call"].agent == "a"
    assert found["call"].run_id == run_id_of(TRACE, "agent")


def test_a_lone_call_makes_no_run_and_belongs_to_the_service() -> None:
    found = decided([entry("call", Operation.CHAT)])["call"]
    assert (found.run_id, found.agent, found.event_type) == (None, "service", "llm_call")


def test_a_loop_is_an_agent_where_it_runs_tools() -> None:
    loop = entry("loop", Operation.LOOP, agent="f", event_type="run_finished")
    call = entry("call", Operation.CHAT, parent="loop")
    alone = decided([loop, call])
    assert (alone["loop"].event_type, alone["loop"].run_id) == ("action_finished", None)
    found = decided([loop, call, entry("tool", Operation.TOOL, parent="call")])
    assert found["loop"].event_type == "run_finished"
    assert found["call"].run_id == run_id_of(TRACE, "loop")


def test_under_a_root_without_a_name_the_first_agent_is_the_run_and_others_took_over() -> None:
    found = decided(
        [
            entry("root", Operation.AGENT, event_type="run_finished", started_us=0),
            entry("second", Operation.AGENT, parent="root", agent="second", started_us=20),
            entry("first", Operation.AGENT, parent="root", agent="first", started_us=10),
            entry("call", Operation.CHAT, parent="second"),
        ]
    )
    assert found["root"].event_type == found["second"].event_type == "action_finished"
    assert found["first"].event_type == "run_finished"
    assert {one.run_id for one in found.values()} == {run_id_of(TRACE, "first")}
    assert found["call"].agent == "second"


def test_agents_side_by_side_below_an_ordinary_span_are_runs_of_their_own() -> None:
    found = decided(
        [
            entry("one", Operation.AGENT, parent="http", agent="a"),
            entry("two", Operation.AGENT, parent="http", agent="b"),
        ],
        {(TRACE, "http"): "root"},
    )
    assert [one.event_type for one in found.values()] == ["run_finished", "run_finished"]
    assert found["one"].run_id != found["two"].run_id


def test_an_unnamed_agent_alone_is_a_run_of_the_service() -> None:
    found = decided([entry("root", Operation.AGENT)])["root"]
    assert (found.event_type, found.agent) == ("run_finished", "service")


def test_both_events_of_an_agent_span_are_decided_alike() -> None:
    start = entry("agent", Operation.AGENT, parent="x", event_type="action_started")
    start = replace(start, uid=uid_of("start"))
    end = entry("agent", Operation.AGENT, parent="x", agent="late name")
    decisions = decide([start, end], {})
    assert decisions[start.uid].event_type == "run_started"
    assert decisions[end.uid].event_type == "run_finished"
    assert decisions[start.uid].agent == decisions[end.uid].agent == "late name"


def test_the_nearest_agent_goes_before_a_nearer_workflow() -> None:
    found = decided(
        [
            entry("agent", Operation.AGENT, agent="a"),
            entry("flow", Operation.WORKFLOW, parent="agent", agent="f"),
            entry("call", Operation.CHAT, parent="flow"),
        ]
    )
    assert found["call"].agent == "a"
    assert found["flow"].agent == "f"


def test_an_agent_id_that_the_client_gave_stays() -> None:
    found = decided(
        [
            entry("agent", Operation.AGENT, agent="a"),
            entry("call", Operation.CHAT, parent="agent", agent_id_hint=7),
        ]
    )
    assert found["call"].agent == 7


def test_the_run_id_that_the_client_gave_its_run_names_the_run() -> None:
    found = decided(
        [
            entry("agent", Operation.AGENT, agent="a", run_hint="mine"),
            entry("call", Operation.CHAT, parent="agent"),
            entry("other", Operation.CHAT, parent="agent", run_hint="another"),
        ]
    )
    assert {one.run_id for one in found.values()} == {"mine"}


def test_events_without_spans_follow_their_run_id() -> None:
    started = Entry(uid_of("run"), "run_started", "info", 1, run_hint="r", agent="a")
    call = Entry(uid_of("c"), "llm_call", "success", 2, run_hint="r", tokens_in=5)
    decisions = decide([call, started], {})
    assert (decisions[call.uid].run_id, decisions[call.uid].agent) == ("r", "a")
    assert decisions[call.uid].counted


def test_an_agent_s_total_beside_calls_below_it_does_not_count() -> None:
    assert reasons(
        [
            entry("agent", Operation.AGENT, agent="a", tokens=300),
            entry("one", Operation.CHAT, parent="agent", tokens=100),
            entry("two", Operation.CHAT, parent="agent", tokens=200),
        ]
    ) == {"agent": SetAside.REPEATS_CALLS_BELOW, "one": None, "two": None}


def test_usage_that_only_an_agent_carries_counts_there() -> None:
    assert reasons(
        [
            entry("agent", Operation.AGENT, agent="a", tokens=300),
            entry("tool", Operation.TOOL, parent="agent"),
            entry("call", Operation.CHAT, parent="agent"),
        ]
    ) == {"agent": None, "tool": None, "call": None}


def test_of_nested_totals_the_innermost_counts() -> None:
    assert reasons(
        [
            entry("flow", Operation.WORKFLOW, tokens=300),
            entry("agent", Operation.AGENT, parent="flow", agent="a", tokens=300),
        ]
    ) == {"flow": SetAside.REPEATS_USAGE_BELOW, "agent": None}


def test_a_run_s_total_beside_calls_of_the_run_does_not_count() -> None:
    total = Entry(uid_of("run"), "run_finished", "success", 3, run_hint="r", tokens_in=5)
    call = Entry(uid_of("c"), "llm_call", "success", 2, run_hint="r", tokens_in=5)
    decisions = decide([total, call], {})
    assert decisions[total.uid].set_aside_reason == SetAside.REPEATS_CALLS_OF_RUN
    assert decide([total], {})[total.uid].counted


def test_one_call_told_by_two_nested_spans_counts_once_at_the_inner() -> None:
    assert reasons(
        [
            entry("chat", Operation.CHAT, tokens=100),
            entry("step", Operation.STEP, parent="chat"),
            entry("create", Operation.CHAT, parent="step", tokens=100),
        ]
    ) == {"chat": SetAside.SAME_CALL_BELOW, "step": None, "create": None}


def test_of_two_nested_spans_the_one_that_knows_its_usage_counts() -> None:
    assert reasons(
        [
            entry("outer", Operation.CHAT, tokens=100),
            entry("inner", Operation.CHAT, parent="outer"),
        ]
    ) == {"outer": None, "inner": SetAside.SAME_CALL_ABOVE}


def test_a_call_that_a_tool_makes_is_another_call() -> None:
    assert reasons(
        [
            entry("outer", Operation.CHAT, tokens=100),
            entry("tool", Operation.TOOL, parent="outer"),
            entry("inner", Operation.CHAT, parent="tool", tokens=50),
        ]
    ) == {"outer": None, "tool": None, "inner": None}


def test_embeddings_inside_a_chat_are_another_call() -> None:
    assert reasons(
        [
            entry("chat", Operation.CHAT, tokens=100),
            entry("embed", Operation.EMBEDDINGS, parent="chat", tokens=50),
        ]
    ) == {"chat": None, "embed": None}


def test_one_response_told_by_two_tracers_counts_once_with_the_richer_fields() -> None:
    poor = entry("poor", Operation.CHAT, tokens=100, scope="one", response_id="r")
    rich = entry(
        "rich", Operation.CHAT, tokens=100, scope="two", response_id="r", tokens_cache_read=50
    )
    assert reasons([poor, rich]) == {"poor": SetAside.SAME_RESPONSE, "rich": None}


@pytest.mark.parametrize(
    "other",
    [
        {"scope": "one"},
        {"scope": "two", "tokens_in": 50},
        {"scope": "two", "tokens_out": 150},
        {"scope": "two", "model": "another"},
        {"scope": "two", "created_us": 1000 + 11 * 60 * 1_000_000},
        {"scope": "two", "response_id": "another"},
    ],
)
def test_calls_that_may_be_two_are_two(other: dict[str, object]) -> None:
    one = entry("one", Operation.CHAT, tokens=100, scope="one", response_id="r", model="gpt-4o")
    two = replace(
        entry("two", Operation.CHAT, tokens=100, response_id="r"),
        **other,
    )
    assert reasons([one, two]) == {"one": None, "two": None}


def elsewhere(span_id: str, **fields: object) -> Entry:
    """Return a call that another tracer saw as the root of a trace of its own."""
    seen = {"scope": "other", "trace_id": span_id * 32, "tokens": 100} | fields
    return entry(span_id, Operation.CHAT, **seen)  # type: ignore[arg-type]  # Entry's own fields


def test_a_call_that_another_trace_tells_again_counts_once() -> None:
    ours = entry("call", Operation.CHAT, parent="agent", tokens=100, scope="a", response_id="r")
    found = decided(
        [
            entry("agent", Operation.AGENT, agent="a"),
            ours,
            elsewhere("2", response_id="r", tokens_cache_read=60),
        ]
    )
    assert found["call"].set_aside_reason == SetAside.SAME_RESPONSE
    assert found["2"].counted


def test_the_copy_that_counts_belongs_to_the_run_of_the_other() -> None:
    found = decided(
        [
            entry("agent", Operation.AGENT, agent="a"),
            entry("call", Operation.CHAT, parent="agent", tokens=100, scope="a", response_id="r"),
            elsewhere("2", response_id="r", tokens_cache_read=60),
        ]
    )
    assert (found["2"].run_id, found["2"].agent) == (run_id_of(TRACE, "agent"), "a")


def timed(span_id: str, start: int, end: int, **fields: object) -> Entry:
    times = {"started_us": start, "created_us": end, "resource": "process"}
    return elsewhere(span_id, **(times | fields))


def test_without_a_response_id_equal_tokens_at_the_same_time_are_one_call() -> None:
    assert reasons([timed("1", 0, 100, scope="a"), timed("2", 10, 90, scope="b")]) == {
        "1": None,
        "2": SetAside.SAME_TOKENS_AND_TIME,
    }


@pytest.mark.parametrize(
    "other",
    [
        {"scope": "a"},
        {"resource": "another process"},
        {"resource": None},
        {"started_us": 101, "created_us": 200},
        {"tokens_out": 99},
        {"model": "another"},
    ],
)
def test_without_a_response_id_anything_that_differs_makes_two_calls(
    other: dict[str, object],
) -> None:
    one = timed("1", 0, 100, scope="a", model="gpt-4o")
    two = timed("2", 10, 90, **({"scope": "b"} | other))
    assert reasons([one, two]) == {"1": None, "2": None}


def test_a_failed_call_that_two_tracers_tell_is_one_failure() -> None:
    failed = {"status": "error", "tokens": None}
    outer = timed("1", 0, 100, scope="a", model="gpt-4o", **failed)
    inner = timed("2", 10, 90, scope="b", **failed)
    beside = timed("3", 50, 150, scope="b", **failed)
    assert sum(reason is None for reason in reasons([outer, inner]).values()) == 1
    assert reasons([outer, beside]) == {"1": None, "3": None}


def test_calls_without_tokens_and_models_prove_nothing() -> None:
    outer = timed("1", 0, 100, scope="a", tokens=None)
    inner = timed("2", 10, 90, scope="b", tokens=None, model="gpt-4o")
    assert reasons([outer, inner]) == {"1": None, "2": None}


def test_ten_parallel_equal_calls_seen_by_two_tracers_are_ten_calls() -> None:
    seen = [
        timed(f"{scope}{number}", number, 100 + number, scope=scope, trace_id=f"{scope}{number}")
        for number in range(10)
        for scope in ("a", "b")
    ]
    counted = [one for one in decided(seen).values() if one.counted]
    assert len(counted) == 10


def test_a_dated_or_prefixed_name_is_the_same_model() -> None:
    one = timed("1", 0, 100, scope="a", model="openai/gpt-4o")
    two = timed("2", 10, 90, scope="b", model="gpt-4o-2024-08-06")
    assert sum(reason is None for reason in reasons([one, two]).values()) == 1


def test_one_tracer_may_leave_cached_tokens_out_of_the_same_call() -> None:
    whole = elsewhere("1", response_id="r", scope="a", tokens_in=1000, tokens_cache_read=900)
    part = elsewhere("2", response_id="r", scope="b", tokens_in=100)
    assert reasons([whole, part]) == {"1": None, "2": SetAside.SAME_RESPONSE}


def test_broken_parents_neither_loop_nor_lose_anything() -> None:
    found = decided(
        [
            entry("a", Operation.CHAT, parent="b", tokens=1),
            entry("b", Operation.CHAT, parent="a", tokens=1),
            entry("c", Operation.CHAT, parent="c", tokens=1),
            entry("d", Operation.CHAT, parent="gone", tokens=1),
        ],
        {(TRACE, "gone"): "gone"},
    )
    assert all(one.counted for one in found.values())


_OPERATIONS = (
    Operation.AGENT,
    Operation.WORKFLOW,
    Operation.LOOP,
    Operation.STEP,
    Operation.TOOL,
    Operation.CHAT,
    Operation.EMBEDDINGS,
)


@st.composite
def _traces(draw: st.DrawFn) -> tuple[list[Entry], dict[tuple[str, str], str]]:
    size = draw(st.integers(1, 12))
    entries, links = [], {}
    for number in range(size):
        parent = draw(st.one_of(st.none(), st.integers(-1, size - 1)))
        above = None if parent is None else f"s{parent}"
        if draw(st.integers(0, 5)) == 0 and above is not None:
            links[TRACE, f"s{number}"] = above
            continue
        entries.append(
            entry(
                f"s{number}",
                draw(st.sampled_from(_OPERATIONS)),
                parent=above,
                agent=draw(st.sampled_from([None, "a", "b"])),
                tokens=draw(st.sampled_from([None, 1, 2])),
                scope=draw(st.sampled_from(["x", "y"])),
                response_id=draw(st.sampled_from([None, "r", "q"])),
                run_hint=draw(st.sampled_from([None, None, "hint"])),
            )
        )
    return entries, links


@given(trace=_traces(), seed=st.randoms(use_true_random=False))
def test_the_order_of_arrival_decides_nothing(
    trace: tuple[list[Entry], dict[tuple[str, str], str]], seed: object
) -> None:
    entries, links = trace
    shuffled = list(entries)
    seed.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    backwards = dict(reversed(links.items()))
    expected = decide(entries, within_traces(links))
    assert decide(shuffled, within_traces(backwards)) == expected


@given(trace=_traces())
def test_usage_is_never_lost_altogether(
    trace: tuple[list[Entry], dict[tuple[str, str], str]],
) -> None:
    entries, links = trace
    decisions = decide(entries, within_traces(links))
    carriers = [one for one in entries if one.carries_usage]
    assert not carriers or any(decisions[one.uid].counted for one in carriers)


SPAN = (TRACE, "b")


def test_the_run_and_the_action_form_of_an_event_have_one_key() -> None:
    run, action = f"otel:{TRACE}:b:run_finished", f"otel:{TRACE}:b:action_finished"
    assert lasting_key(run) == lasting_key(action)
    assert dedupe_key_shown(lasting_key(run), span=SPAN, event_type="action_finished") == action
    assert dedupe_key_shown(lasting_key(action), span=SPAN, event_type="run_finished") == run


@pytest.mark.parametrize("key", [f"otel:{TRACE}:b:llm_call", "mine:run_finished", "order-17", ""])
def test_other_dedupe_keys_stay_as_they_are(key: str) -> None:
    assert lasting_key(key) == key
    assert dedupe_key_shown(key, span=SPAN, event_type="llm_call") == key


@pytest.mark.parametrize("event_type", ["llm_call", "run_finished", "action_started"])
def test_a_key_that_the_span_implies_is_not_kept(event_type: str) -> None:
    told = replace(entry("b", Operation.CHAT), event_type=event_type)
    key = f"otel:{TRACE}:b:{event_type}"
    assert own_key(lasting_key(key), told) is None
    assert dedupe_key_shown(None, span=SPAN, event_type=event_type) == key
    assert own_key("mine", told) == "mine"


def test_an_event_posted_with_the_span_of_its_agent_stands_below_it() -> None:
    agent = entry("root", Operation.AGENT, agent="a", event_type="run_finished")
    posted = Entry(
        uid_of("posted"),
        "llm_call",
        "success",
        1,
        trace_id=TRACE,
        span_id="root",
        tokens_in=5,
    )
    decisions = decide([posted, agent], {})
    assert decisions[agent.uid].event_type == "run_finished"
    assert decisions[posted.uid].agent == "a"
    assert decisions[posted.uid].run_id == decisions[agent.uid].run_id is not None


def test_actions_posted_without_spans_go_before_the_total_of_their_run() -> None:
    total = Entry(uid_of("run"), "run_finished", "success", 3, run_hint="r", tokens_in=100)
    parts = [
        Entry(uid_of(str(n)), "action_finished", "success", 2, run_hint="r", tokens_in=n)
        for n in (60, 40)
    ]
    decisions = decide([total, *parts], {})
    assert decisions[total.uid].set_aside_reason == SetAside.REPEATS_USAGE_BELOW
    assert all(decisions[part.uid].counted for part in parts)


def test_a_step_inside_a_call_repeats_its_usage() -> None:
    assert reasons(
        [
            entry("call", Operation.CHAT, tokens=100),
            entry("step", Operation.STEP, parent="call", tokens=100),
        ]
    ) == {"call": None, "step": SetAside.SAME_CALL_ABOVE}


def test_of_two_nested_spans_with_equal_tokens_the_one_with_price_and_model_counts() -> None:
    assert reasons(
        [
            entry(
                "outer",
                Operation.CHAT,
                tokens=100,
                model="gpt-4o",
                sent_cost_nusd=1,
                sent_cost_source="client",
            ),
            entry("inner", Operation.CHAT, parent="outer", tokens=100),
        ]
    ) == {"outer": None, "inner": SetAside.SAME_CALL_ABOVE}


def test_of_two_copies_the_one_with_a_price_counts() -> None:
    priced = elsewhere(
        "2", response_id="r", scope="b", model="gpt-4o", sent_cost_nusd=1, sent_cost_source="client"
    )
    poor = elsewhere("1", response_id="r", scope="a")
    assert reasons([poor, priced]) == {"1": SetAside.SAME_RESPONSE, "2": None}


def test_a_smaller_sister_model_is_another_model() -> None:
    one = timed("1", 0, 100, scope="a", model="gpt-4o")
    two = timed("2", 10, 90, scope="b", model="gpt-4o-mini")
    assert reasons([one, two]) == {"1": None, "2": None}
