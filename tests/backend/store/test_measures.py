"""Sums by window and group: equal to a count of the raw events, whatever the cut."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from backend.store import EventFilter, EventStore, Sums, Where
from backend.store.windows import QUARTER_US
from otel_bridge.event import Event, micros
from tests.backend.store.makers import (
    NOW_US,
    SECOND_US,
    agent_links,
    agent_trace,
    llm_call,
    mixed_events,
    snapshot,
    tool_call,
    total,
)
from tests.databases import new_owner


@pytest.fixture
def filled(store: EventStore, owner_id: int) -> EventStore:
    store.append(owner_id, mixed_events())
    store.append(owner_id, agent_trace(), links=agent_links())
    return store


def expected_sums(events: list[Event]) -> Sums:
    """Return the sums of plain events, none of which repeats another one."""
    calls = [event for event in events if event.event_type == "llm_call"]
    tools = [event for event in events if event.event_type == "tool_call"]
    runs = [event for event in events if event.event_type == "run_finished"]
    costs = [event.cost_usd for event in events if event.cost_usd is not None]

    def failures(some: list[Event]) -> int:
        return sum(event.status == "error" for event in some)

    def latency(some: list[Event]) -> int:
        return sum(event.latency_ms or 0 for event in some)

    return Sums(
        total_events=len(events),
        errors=failures(events),
        llm_calls=len(calls),
        llm_errors=failures(calls),
        tool_calls=len(tools),
        tool_errors=failures(tools),
        runs=len(runs),
        runs_failed=failures(runs),
        tokens_in=sum(event.tokens_in or 0 for event in events),
        tokens_out=sum(event.tokens_out or 0 for event in events),
        cost_nusd=int(sum(costs, Decimal(0)).scaleb(9)),
        unpriced_calls=sum(event.cost_usd is None for event in calls),
        llm_latency_sum_ms=latency(calls),
        tool_latency_sum_ms=latency(tools),
        run_latency_sum_ms=latency(runs),
    )


WINDOWS = st.tuples(
    st.integers(NOW_US - 4 * 3600 * SECOND_US, NOW_US), st.integers(0, 5 * 3600 * SECOND_US)
)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(WINDOWS)
def test_any_window_has_the_sums_of_its_events(engine: Engine, bounds: tuple[int, int]) -> None:
    store = EventStore(engine)
    email = f"{bounds}@example.com"
    owner_id = new_owner(engine, email)
    events = mixed_events()
    store.append(owner_id, events)
    start_us, length_us = bounds
    inside = [event for event in events if 0 <= event.created_at_us - start_us < length_us]
    (group,) = store.measure(owner_id, start_us=start_us, end_us=start_us + length_us)
    assert group.sums == expected_sums(inside)


@pytest.mark.parametrize(
    "dimension", ["quarter", "hour", "day", "agent_id", "provider", "model", "tool", "event_type"]
)
def test_the_groups_of_every_dimension_add_up_to_the_whole(
    filled: EventStore, owner_id: int, dimension: str
) -> None:
    start_us, end_us = NOW_US - 2 * 3600 * SECOND_US - 1, NOW_US + 5
    (whole,) = filled.measure(owner_id, start_us=start_us, end_us=end_us)
    groups = filled.measure(
        owner_id,
        start_us=start_us,
        end_us=end_us,
        group_by=[dimension],  # type: ignore[list-item]  # parametrized
    )
    for name in Sums._fields:
        assert sum(getattr(group.sums, name) for group in groups) == getattr(whole.sums, name)
    assert sum(group.llm_latency.count for group in groups) == whole.llm_latency.count
    assert whole.sums.total_events > 90


def test_edges_and_quarters_are_grouped_alike(filled: EventStore, owner_id: int) -> None:
    """A group that lies half in an edge has one row."""
    groups = filled.measure(
        owner_id,
        start_us=NOW_US - QUARTER_US - 7,
        end_us=NOW_US + 7,
        group_by=["model", "agent_id"],
    )
    keys = [tuple(group.key.items()) for group in groups]
    assert len(keys) == len(set(keys))


def test_what_is_restricted_is_measured_alone(filled: EventStore, owner_id: int) -> None:
    bounds: Any = {"start_us": NOW_US - 2 * 3600 * SECOND_US - 1, "end_us": NOW_US}
    by_model = filled.measure(owner_id, group_by=["model"], **bounds)
    for group in by_model:
        wanted = Where(model=group.key["model"] or "")
        (alone,) = filled.measure(owner_id, where=wanted, **bounds)
        assert alone.sums == group.sums
    (nobody,) = filled.measure(owner_id, where=Where(agent_id=0), **bounds)
    by_agent = filled.measure(owner_id, group_by=["agent_id"], **bounds)
    assert by_agent[0].key == {"agent_id": None}
    assert nobody.sums == by_agent[0].sums


def test_days_are_cut_in_the_zone_of_the_caller(store: EventStore, owner_id: int) -> None:
    zone = ZoneInfo("Europe/Berlin")
    times = [
        datetime(2026, 3, 28, 23, 30, tzinfo=UTC),  # half past midnight, on the 29th
        datetime(2026, 3, 29, 21, 59, tzinfo=UTC),  # before midnight, in summer time
        datetime(2026, 3, 29, 22, 0, tzinfo=UTC),  # midnight of the 30th
    ]
    store.append(owner_id, [llm_call(created_at_us=micros(moment)) for moment in times])
    groups = store.measure(
        owner_id,
        start_us=micros(datetime(2026, 3, 1, tzinfo=UTC)),
        end_us=micros(datetime(2026, 4, 1, tzinfo=UTC)),
        group_by=["day"],
        zone=zone,
    )
    assert {group.key["day"]: group.sums.llm_calls for group in groups} == {
        date(2026, 3, 29): 2,
        date(2026, 3, 30): 1,
    }


def test_hours_begin_where_the_zone_says(store: EventStore, owner_id: int) -> None:
    at_us = micros(datetime(2026, 1, 5, 10, 40, tzinfo=UTC))
    store.append(owner_id, [llm_call(created_at_us=at_us)])
    (group,) = store.measure(
        owner_id,
        start_us=at_us - 1,
        end_us=at_us + 1,
        group_by=["hour"],
        zone=ZoneInfo("Asia/Kathmandu"),
    )
    assert group.key == {"hour": micros(datetime(2026, 1, 5, 10, 15, tzinfo=UTC))}


def test_an_empty_window_has_zeros(store: EventStore, owner_id: int) -> None:
    (group,) = store.measure(owner_id, start_us=5, end_us=5)
    assert group.sums == Sums()
    assert group.llm_latency.quantile(0.5) is None
    assert group.llm_latency_avg_ms is None
    assert store.measure(owner_id, start_us=0, end_us=9, group_by=["model"]) == []


def test_latencies_are_of_their_own_kind(store: EventStore, owner_id: int) -> None:
    store.append(
        owner_id,
        [llm_call(latency_ms=ms) for ms in (10, 20, 90)]
        + [tool_call(latency_ms=7), llm_call(latency_ms=None), llm_call(latency_ms=0)],
    )
    group = total(store, owner_id)
    assert group.llm_latency.quantile(0.5) == 10
    assert group.llm_latency.quantile(1) == 90
    assert group.llm_latency_avg_ms == 30
    assert (group.tool_latency.quantile(0.95), group.run_latency.count) == (7, 0)


def test_unknown_prices_are_counted_apart(store: EventStore, owner_id: int) -> None:
    nothing: Any = {"cost_usd": None, "tokens_in": None, "tokens_out": None}
    store.append(
        owner_id,
        [
            llm_call(cost_usd=None),
            llm_call(cost_usd=Decimal(0)),
            llm_call(status="error", **nothing),
            llm_call(status="error", cost_usd=None),
            tool_call(),
        ],
    )
    assert total(store, owner_id).sums.unpriced_calls == 2


def test_calls_that_were_set_aside_are_only_events(store: EventStore, owner_id: int) -> None:
    copy = {"tokens_in": 100, "tokens_out": 20}
    store.append(
        owner_id,
        [
            llm_call("outer", status="error", **copy),
            llm_call("inner", parent_span_id="outer", **copy),
        ],
    )
    sums = total(store, owner_id).sums
    assert (sums.total_events, sums.llm_calls, sums.errors, sums.tokens_in) == (2, 1, 0, 100)
    assert total(store, owner_id).llm_latency.count == 1
    page = store.events(owner_id, EventFilter(), limit=5)
    assert sorted((event.counted, event.set_aside_reason) for event in page.events) == [
        (False, "same_call_below"),
        (True, None),
    ]


def test_the_roll_ups_are_what_a_rebuild_makes_of_the_events(
    filled: EventStore, engine: Engine, owner_id: int
) -> None:
    before = snapshot(engine, owner_id)
    assert len(before["obs_rollups"]) > 40
    filled.rebuild(owner_id)
    assert snapshot(engine, owner_id) == before
