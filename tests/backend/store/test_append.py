"""What a batch leaves in the store, however often and in whatever order it comes."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select

from backend.models import EventRow
from backend.store import Duplicate, EventFilter, EventStore, Rejected, Stored
from otel_bridge.event import SpanLink
from tests.backend.store.makers import (
    NOW_US,
    SECOND_US,
    TRACE,
    agent_links,
    agent_trace,
    llm_call,
    run_finished,
    run_started,
    snapshot,
    tool_call,
    total,
)
from tests.databases import new_owner


def test_an_event_is_stored_as_it_was_sent(store: EventStore, owner_id: int) -> None:
    sent = llm_call(
        agent="bot",
        name="chat gpt",
        run_id="6d9fbb9c-6f1c-4b5c-8f0f-0a4d0b1b2c3d",
        tokens_cache_read=30,
        tokens_cache_write=7,
        tokens_reasoning=5,
        cost_usd=Decimal("12.345678901"),
        started_at_us=NOW_US - SECOND_US,
        dedupe_key="mine",
        parent_span_id="b" * 16,
        scope="our.tracer",
        response_id="resp-1",
        resource="c" * 16,
        payload={"tool": "t", "error": "oh", "cost_source": "client", "deep": [1, {"a": None}]},
    )
    (outcome,) = store.append(owner_id, [sent])
    page = store.events(owner_id, EventFilter(), limit=1)
    (event,) = page.events
    assert outcome == Stored(event.uid)
    assert page.total == 1
    assert event.cost_usd == Decimal("12.345678901")
    assert event.payload == (
        '{"tool":"t","error":"oh","cost_source":"client","deep":[1,{"a":null}]}'
    )
    assert {name: getattr(event, name) for name in _SAME_NAME} == {
        name: getattr(sent, name) for name in _SAME_NAME
    }
    assert (event.created_us, event.started_us) == (NOW_US, NOW_US - SECOND_US)
    assert (event.tool, event.error_message, event.cost_source) == ("t", "oh", "client")
    assert (event.counted, event.set_aside_reason) == (True, None)
    assert UUID(bytes=event.uid).version == 7


_SAME_NAME = (
    "event_type",
    "status",
    "name",
    "agent",
    "run_id",
    "provider",
    "model",
    "tokens_in",
    "tokens_out",
    "tokens_cache_read",
    "tokens_cache_write",
    "tokens_reasoning",
    "latency_ms",
    "dedupe_key",
    "parent_span_id",
)


def test_a_repeat_changes_nothing(store: EventStore, engine: Engine, owner_id: int) -> None:
    first = store.append(owner_id, agent_trace(), links=agent_links())
    before = snapshot(engine, owner_id)
    again = store.append(owner_id, agent_trace(), links=agent_links())
    assert [type(outcome) for outcome in first] == [Stored] * 8
    assert again == [Duplicate()] * 8
    assert snapshot(engine, owner_id) == before


def test_the_first_of_two_events_with_one_key_wins(store: EventStore, owner_id: int) -> None:
    store.append(owner_id, [llm_call(dedupe_key="k", tokens_in=1)])
    assert store.append(owner_id, [llm_call(dedupe_key="k", tokens_in=2)]) == [Duplicate()]
    assert total(store, owner_id).sums.tokens_in == 1


def test_a_repeat_inside_a_batch_is_a_duplicate(store: EventStore, owner_id: int) -> None:
    batch = [llm_call(dedupe_key="k", tokens_in=1), llm_call(dedupe_key="k", tokens_in=2)]
    assert [type(outcome) for outcome in store.append(owner_id, batch)] == [Stored, Duplicate]
    assert total(store, owner_id).sums.tokens_in == 1


def test_events_without_a_key_are_all_different(store: EventStore, owner_id: int) -> None:
    store.append(owner_id, [llm_call(), llm_call()])
    store.append(owner_id, [llm_call()])
    assert total(store, owner_id).sums.llm_calls == 3


def test_the_run_and_the_action_form_of_a_span_are_one_event(
    store: EventStore, owner_id: int
) -> None:
    store.append(owner_id, [run_finished("root")])
    as_action = replace(
        run_finished("root"),
        event_type="action_finished",
        dedupe_key=f"otel:{TRACE}:root:action_finished",
    )
    assert store.append(owner_id, [as_action]) == [Duplicate()]


def test_owners_may_use_the_same_keys(store: EventStore, engine: Engine, owner_id: int) -> None:
    other_id = new_owner(engine, "other@example.com")
    store.append(owner_id, agent_trace(), links=agent_links())
    outcomes = store.append(other_id, agent_trace(), links=agent_links())
    assert [type(outcome) for outcome in outcomes] == [Stored] * 8
    assert snapshot(engine, owner_id, without=["user_id"]) == snapshot(
        engine, other_id, without=["user_id"]
    )


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"tokens_in": -1}, "tokens_in"),
        ({"tokens_out": 2**63}, "tokens_out"),
        ({"latency_ms": 10**13}, "latency_ms"),
        ({"cost_usd": Decimal("-0.1")}, "cost_usd"),
        ({"cost_usd": Decimal("NaN")}, "cost_usd"),
        ({"cost_usd": Decimal(10**7)}, "cost_usd"),
        ({"created_at_us": -1}, "created_at"),
    ],
)
def test_numbers_that_no_sum_could_hold_are_rejected(
    store: EventStore, owner_id: int, fields: dict[str, Any], named: str
) -> None:
    (outcome,) = store.append(owner_id, [replace(llm_call(), **fields)])
    assert isinstance(outcome, Rejected)
    assert outcome.code == "out_of_range"
    assert named in outcome.reason


def test_text_that_a_database_would_refuse_is_stored_all_the_same(
    store: EventStore, owner_id: int
) -> None:
    nasty = "a\0b\ud800" + "x" * 5000
    sent = llm_call(
        agent=nasty,
        name=nasty,
        model=nasty,
        provider=nasty,
        scope=nasty,
        payload={"tool": nasty, "error": {"message": nasty}, "huge": 2**100, nasty: b"\xff"},
    )
    (outcome,) = store.append(owner_id, [sent])
    assert isinstance(outcome, Stored)
    (event,) = store.events(owner_id, EventFilter(), limit=1).events
    assert event.model is not None
    assert event.error_message is not None
    assert event.model.startswith("a\N{REPLACEMENT CHARACTER}b?xx")
    assert (len(event.model), len(event.error_message)) == (255, 1000)


def test_money_is_exact(store: EventStore, owner_id: int) -> None:
    costs = [Decimal("0.1"), Decimal("0.2"), Decimal("0.000000001"), Decimal("9999.999999999")]
    store.append(owner_id, [llm_call(cost_usd=cost) for cost in costs])
    assert total(store, owner_id).sums.cost_nusd == 10_000_300_000_000


def test_sums_do_not_overflow_at_large_days(store: EventStore, owner_id: int) -> None:
    batch = [
        llm_call(cost_usd=Decimal(10_000), tokens_in=2**31, tokens_out=2**31) for _ in range(100)
    ]
    store.append(owner_id, batch)
    store.append(owner_id, batch)
    sums = total(store, owner_id).sums
    assert sums.cost_nusd == 200 * 10_000 * 10**9
    assert sums.tokens_in == 200 * 2**31


def test_usage_that_a_parent_repeats_counts_once(store: EventStore, owner_id: int) -> None:
    store.append(owner_id, agent_trace(), links=agent_links())
    sums = total(store, owner_id).sums
    assert (sums.tokens_in, sums.tokens_out, sums.cost_nusd) == (200, 40, 2000)
    assert (sums.llm_calls, sums.tool_calls, sums.tool_errors) == (2, 2, 1)
    assert (sums.runs, sums.runs_failed, sums.errors) == (1, 0, 1)
    assert sums.total_events == 8


def test_a_late_parent_changes_what_was_decided_before(
    store: EventStore, engine: Engine, owner_id: int
) -> None:
    events = agent_trace()
    late = [event for event in events if event.span_id == "root"]
    store.append(owner_id, [event for event in events if event.span_id != "root"])
    assert total(store, owner_id).sums.runs == 1
    store.append(owner_id, late)
    store.append(owner_id, [], links=agent_links())
    early = new_owner(engine, "early@example.com")
    store.append(early, events, links=agent_links())
    assert snapshot(engine, owner_id, without=["user_id"]) == snapshot(
        engine, early, without=["user_id"]
    )


def test_an_event_by_hand_joins_the_run_of_a_trace(store: EventStore, owner_id: int) -> None:
    """Whether it comes before the trace or after it, by the run id that the server made up."""
    store.append(owner_id, [run_started("root")])
    (started,) = store.events(owner_id, EventFilter(), limit=1).events
    assert started.run_id is not None
    store.append(owner_id, [llm_call(run_id=started.run_id)])
    detail = store.run(owner_id, started.run_id)
    assert detail is not None
    assert detail.run.llm_calls_count == 1
    assert {event.agent for event in detail.events} == {"bot"}


def test_a_trace_joins_events_by_hand_that_came_before_it(
    store: EventStore, engine: Engine, owner_id: int
) -> None:
    store.append(owner_id, [run_started("root")])
    (started,) = store.events(owner_id, EventFilter(), limit=1).events
    assert started.run_id is not None
    other_id = new_owner(engine, "other@example.com")
    store.append(other_id, [llm_call(run_id=started.run_id)])
    store.append(other_id, [run_started("root")])
    detail = store.run(other_id, started.run_id)
    assert detail is not None
    assert {event.agent for event in detail.events} == {"bot"}


def test_a_run_that_is_an_action_after_all_goes(store: EventStore, owner_id: int) -> None:
    inner = run_finished("plan", agent="planner", parent_span_id="root")
    store.append(owner_id, [inner])
    (event,) = store.events(owner_id, EventFilter(), limit=1).events
    assert event.run_id is not None
    assert event.event_type == "run_finished"
    store.append(owner_id, [run_finished("root")])
    assert store.run(owner_id, event.run_id) is None
    (moved,) = store.events(owner_id, EventFilter(event_type="action_finished"), limit=2).events
    assert moved.uid == event.uid
    assert moved.dedupe_key == f"otel:{TRACE}:plan:action_finished"


def test_a_batch_of_more_traces_than_a_statement_takes_parameters(
    store: EventStore, owner_id: int
) -> None:
    batch = [llm_call("s", trace_id=f"{number:032x}") for number in range(1200)]
    store.append(owner_id, batch)
    store.append(owner_id, batch)
    assert total(store, owner_id).sums.llm_calls == 1200


ARRIVALS = st.permutations(range(8)).flatmap(
    lambda order: st.lists(st.integers(1, 8), min_size=1, max_size=8).map(
        lambda cuts: (order, sorted({*cuts, 8}))
    )
)


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(arrival=ARRIVALS, link_first=st.booleans())
def test_the_order_of_arrival_does_not_matter(
    store: EventStore, engine: Engine, arrival: tuple[list[int], list[int]], link_first: bool
) -> None:
    order, cuts = arrival
    events = agent_trace()
    with engine.connect() as connection:
        owners = connection.scalar(select(EventRow.user_id).order_by(EventRow.user_id.desc()))
    email = f"{owners}-{order}-{cuts}-{link_first}@example.com"
    expected_id, shuffled_id = new_owner(engine, f"x{email}"), new_owner(engine, email)
    store.append(expected_id, events, links=agent_links())
    if link_first:
        store.append(shuffled_id, [], links=agent_links())
    start = 0
    for end in cuts:
        store.append(shuffled_id, [events[number] for number in order[start:end]])
        start = end
    if not link_first:
        store.append(shuffled_id, [], links=agent_links())
    assert snapshot(engine, shuffled_id, without=["user_id"]) == snapshot(
        engine, expected_id, without=["user_id"]
    )


def test_links_of_unknown_traces_are_kept_for_later(store: EventStore, owner_id: int) -> None:
    assert store.append(owner_id, [], links=[SpanLink(TRACE, "http", "root")]) == []
    store.append(owner_id, [run_started("root"), tool_call("t", parent_span_id="http")])
    page = store.events(owner_id, EventFilter(event_type="tool_call"), limit=1)
    assert page.events[0].agent == "bot"


def test_nothing_to_store_is_no_transaction(store: EventStore) -> None:
    assert store.append(1, []) == []
