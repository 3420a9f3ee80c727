"""What is stored follows from the events alone: not from their order, their batches or repeats."""

from __future__ import annotations

from decimal import Decimal
from itertools import count, permutations
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from backend.store import EventStore
from backend.store.windows import QUARTER_US
from otel_bridge.event import Event, SpanLink
from otel_bridge.pricing import PriceBook
from tests.backend.store.makers import (
    NOW_US,
    SECOND_US,
    TRACE,
    llm_call,
    run_finished,
    snapshot,
    tool_call,
)
from tests.databases import new_owner

BOOK = PriceBook()
RUN = str(UUID(int=1))
OTHER_TRACE = "b" * 32
HOUR_US = 4 * QUARTER_US
Batch = tuple[list[Event], list[SpanLink]]
_numbers = count()


def by_hand(event_type: str, **fields: Any) -> Event:
    return Event(event_type, NOW_US, run_id=RUN, **fields)  # type: ignore[arg-type]  # a type of ours


def failed(message: str) -> Event:
    return by_hand("error", status="error", payload={"error": message})


def cheap(span: str, **fields: Any) -> Event:
    """Return a call that tells no cost."""
    return llm_call(span, **({"cost_usd": None} | fields))


CASES = {
    "a client's cost on a wrapper of other tokens": [
        cheap("outer", tokens_in=104, cost_usd=Decimal(5)),
        cheap("inner", parent_span_id="outer"),
    ],
    "a cost that belongs to none of two calls after all": [
        cheap("outer", model=None, tokens_in=300, cost_usd=Decimal(5)),
        cheap("one", model="mine", parent_span_id="outer"),
        cheap("two", model="mine", parent_span_id="outer"),
    ],
    "spans that overlap for longer than an hour": [
        cheap("long", scope="a", resource="p", started_at_us=NOW_US - 3 * HOUR_US),
        cheap(
            "short",
            scope="b",
            resource="p",
            trace_id=OTHER_TRACE,
            created_at_us=NOW_US - 2 * HOUR_US,
        ),
    ],
    "a call and an event of another type with its response": [
        cheap("call", scope="a", response_id="r"),
        Event(
            "metric",
            NOW_US,
            operation="chat",
            scope="b",
            response_id="r",
            trace_id=OTHER_TRACE,
            span_id="metric",
            tokens_in=100,
            tokens_out=20,
            cost_usd=Decimal(1),
        ),
    ],
    "the end of no run beside a call that failed": [
        Event("run_finished", NOW_US, operation="invoke_agent", status="success"),
        llm_call(status="error"),
    ],
    "two failures of a run at the same time": [failed("one"), failed("two")],
    "two ends of a run at the same time": [
        by_hand("run_finished", status="error"),
        by_hand("run_finished", status="success"),
    ],
    "two calls by hand with one span": [
        llm_call("call", dedupe_key="1", tokens_in=None, parent_span_id="above"),
        llm_call("call", dedupe_key="2", parent_span_id="above"),
        cheap("above"),
    ],
}


@pytest.mark.parametrize("name", CASES)
def test_no_order_changes_what_is_stored(engine: Engine, name: str) -> None:
    events = CASES[name]
    expected = left_by(engine, [(events, [])])
    for order in permutations(events):
        assert left_by(engine, [([event], []) for event in order]) == expected


_spans = st.sampled_from(["1", "2", "3", "4"])
_tokens = st.sampled_from([None, 0, 60, 100, 104, 300])


def _told() -> dict[str, st.SearchStrategy[Any]]:
    """Return what any span may tell."""
    return {
        "trace_id": st.sampled_from([TRACE, TRACE, OTHER_TRACE]),
        "parent_span_id": st.none() | _spans,
        "created_at_us": st.sampled_from([NOW_US, NOW_US + SECOND_US, NOW_US + 2 * HOUR_US]),
        "started_at_us": st.sampled_from([None, NOW_US - SECOND_US]),
        "status": st.sampled_from(["success", "success", "error"]),
        "scope": st.sampled_from([None, "a", "b", "c"]),
        "run_id": st.sampled_from([None, None, None, RUN]),
        "payload": st.sampled_from(
            [{}, {"session": "s"}, {"cost_source": "tracer"}, {"error": "x"}, {"delegate": "sub"}]
        ),
    }


_usage = {"tokens_in": _tokens, "tokens_out": st.sampled_from([None, 0, 20])}
_calls = st.fixed_dictionaries(
    _told()
    | _usage
    | {
        "tokens_cache_read": st.sampled_from([None, 0, 40]),
        "cost_usd": st.sampled_from([None, None, Decimal("0.5")]),
        "model": st.sampled_from([None, "gpt-4o", "gpt-4o-2024-08-06", "mine"]),
        "provider": st.sampled_from([None, "openai"]),
        "response_id": st.sampled_from([None, "r", "r", "q"]),
        "resource": st.sampled_from([None, "p"]),
    }
)
_agents = st.fixed_dictionaries(
    _told()
    | _usage
    | {
        "agent": st.sampled_from([None, "bot", "planner"]),
        "operation": st.sampled_from(["invoke_agent", "invoke_workflow", "model_loop"]),
    }
)
_events = st.one_of(
    st.builds(lambda span, told: llm_call(span, **told), _spans, _calls),
    st.builds(lambda told: llm_call(dedupe_key="by hand", **told), _calls),
    st.builds(lambda span, told: run_finished(span, **told), _spans, _agents),
    st.builds(lambda span, told: tool_call(span, **told), _spans, st.fixed_dictionaries(_told())),
)
_links = st.builds(
    SpanLink,
    st.sampled_from([TRACE, OTHER_TRACE]),
    _spans,
    _spans,
    st.sampled_from([None, TRACE, OTHER_TRACE]),
)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    events=st.lists(_events, min_size=2, max_size=7, unique_by=lambda event: event.dedupe_key),
    links=st.lists(_links, max_size=2, unique_by=lambda link: (link.trace_id, link.span_id)),
    chance=st.randoms(use_true_random=False),
)
def test_what_is_stored_follows_from_the_events_alone(
    engine: Engine, events: list[Event], links: list[SpanLink], chance: Any
) -> None:
    batches: list[Batch] = [([event], []) for event in events]
    batches += [([], [link]) for link in links]
    shuffled = chance.sample([*batches, chance.choice(batches)], len(batches) + 1)
    assert left_by(engine, shuffled) == left_by(engine, [(events, links)])


def left_by(engine: Engine, batches: list[Batch]) -> dict[str, Any]:
    """Return what a new owner has after these batches; a rebuild may not change it."""
    store = EventStore(engine, clock_us=lambda: NOW_US)
    owner_id = new_owner(engine, f"{next(_numbers)}@example.com")
    for events, links in batches:
        store.append(owner_id, events, links=links, book=BOOK)
    left = snapshot(engine, owner_id, without=["user_id"])
    store.rebuild(owner_id)
    assert snapshot(engine, owner_id, without=["user_id"]) == left
    return left
