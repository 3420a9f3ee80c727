"""After any history all levels of the roll-ups tell the same, and what a rebuild makes of it."""

from __future__ import annotations

from collections import Counter
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from backend.store import EventStore, Group, Sums, Where
from backend.store.zones import known_zone
from otel_bridge.event import Event
from tests.backend.store.makers import (
    NOW_US,
    SECOND_US,
    llm_call,
    run_finished,
    snapshot,
    tool_call,
    total,
)
from tests.backend.store.pricing import book_of
from tests.databases import new_owner

HOUR_US = 3600 * SECOND_US
EMAILS = count()
ALWAYS: Any = {"start_us": 0, "end_us": 2**62}

#: Over twelve days, in which the clocks of New York change; some at one time.
_TIMES = st.one_of(
    st.sampled_from([0, 1, 15 * 60 * SECOND_US]), st.integers(0, 12 * 24 * HOUR_US)
).map(lambda later_us: NOW_US + later_us)
_SPANS = st.sampled_from(["1", "2", "3", "4"])
_TOLD = {
    "created_at_us": _TIMES,
    "parent_span_id": st.none() | _SPANS,
    "status": st.sampled_from(["success", "success", "error"]),
    "latency_ms": st.none() | st.integers(0, 10**5),
    "trace_id": st.sampled_from(["a" * 32, "b" * 32]),
}
_AGENTS = st.sampled_from([None, "bot", "planner"])
_EVENTS = st.one_of(
    st.builds(
        lambda span, told: llm_call(span, **told),
        _SPANS,
        st.fixed_dictionaries(
            _TOLD
            | {
                "model": st.sampled_from([None, "m1", "m2"]),
                "cost_usd": st.none(),
                "tokens_in": st.sampled_from([None, 100, 7]),
            }
        ),
    ),
    st.builds(
        lambda span, tool, told: tool_call(span, tool=tool, **told),
        _SPANS,
        st.sampled_from(["search", "buy"]),
        st.fixed_dictionaries(_TOLD),
    ),
    st.builds(
        lambda span, told: run_finished(span, **told),
        _SPANS,
        st.fixed_dictionaries(_TOLD | {"agent": _AGENTS}),
    ),
    st.builds(
        lambda at_us, agent: Event("heartbeat", at_us, agent=agent),
        _TIMES,
        _AGENTS,
    ),
)
_ZONES = ("UTC", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe")
_STEPS = st.one_of(
    st.lists(_EVENTS, min_size=1, max_size=4),
    st.sampled_from(_ZONES),
    st.builds(book_of, m1=st.integers(1, 9)),
)


@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(_STEPS, min_size=1, max_size=6))
def test_after_any_history_all_levels_tell_the_same_and_what_a_rebuild_makes_of_it(
    store: EventStore, engine: Engine, steps: list[Any]
) -> None:
    owner_id, zone = new_owner(engine, f"{next(EMAILS)}@example.com"), "UTC"
    for step in steps:
        if isinstance(step, list):
            store.append(owner_id, step)
        elif isinstance(step, str):
            zone = step
            store.set_timezone(owner_id, zone)
        else:
            store.apply_recalculation(owner_id, book=step, **ALWAYS)
    assert_all_views_agree(store, owner_id, zone)
    left = snapshot(engine, owner_id)
    store.rebuild(owner_id)
    assert snapshot(engine, owner_id) == left
    store.set_timezone(owner_id, "Asia/Kathmandu")
    store.set_timezone(owner_id, zone)
    assert snapshot(engine, owner_id) == left


#: One for every level.
_VIEWS: tuple[Any, ...] = (
    *(["quarter"], ["hour"], ["hour", "tool"], ["hour", "agent_id"]),
    *(["provider", "model"], ["day", "agent_id"], ["day", "agent_id", "model"]),
)


def assert_all_views_agree(store: EventStore, owner_id: int, zone: str) -> None:
    """Check that each way to cut the events, and so each level, gives the same in all."""
    whole = whole_of([total(store, owner_id)])
    for group_by in _VIEWS:
        groups = store.measure(owner_id, group_by=group_by, zone=known_zone(zone), **ALWAYS)
        assert whole_of(groups) == whole


def whole_of(groups: list[Group]) -> tuple[Any, ...]:
    """Return the sums and histograms of groups together."""
    sums = tuple(map(sum, zip(*(group.sums for group in groups), strict=True))) or Sums()
    latencies = [Counter[int](), Counter[int](), Counter[int]()]
    for group in groups:
        for counts, histogram in zip(latencies, group[2:], strict=True):
            counts.update(histogram.buckets)
    return tuple(sums), latencies


@pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    events=st.lists(_EVENTS, max_size=12, unique_by=lambda event: event.dedupe_key or str(event)),
    start_us=_TIMES,
    length_us=st.integers(0, 5 * 24 * HOUR_US),
    agent=st.sampled_from([None, 0]),
)
def test_any_window_is_the_sum_of_its_two_halves(
    store: EventStore,
    engine: Engine,
    zone: str,
    events: list[Event],
    start_us: int,
    length_us: int,
    agent: int | None,
) -> None:
    owner_id = new_owner(engine, f"{next(EMAILS)}@example.com")
    store.set_timezone(owner_id, zone)
    store.append(owner_id, events)
    end_us, middle_us = start_us + length_us, start_us + length_us // 3

    def within(first_us: int, last_us: int) -> list[Group]:
        return store.measure(
            owner_id, start_us=first_us, end_us=last_us, where=Where(agent_id=agent)
        )

    halves = [*within(start_us, middle_us), *within(middle_us, end_us)]
    assert whole_of(halves) == whole_of(within(start_us, end_us))
    assert whole_of([*within(0, start_us), *halves, *within(end_us, 2**62)]) == whole_of(
        within(0, 2**62)
    )
