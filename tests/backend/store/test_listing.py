"""Pages of events and runs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import Engine

from backend.store import Cursor, EventFilter, EventStore, RunFilter
from otel_bridge.event import Event
from tests.backend.store.makers import (
    NOW_US,
    SECOND_US,
    agent_links,
    agent_trace,
    llm_call,
    run_finished,
    run_started,
    tool_call,
)
from tests.databases import new_owner


def many_events(count: int = 60) -> list[Event]:
    """Return events of which several share each time."""
    makers = [llm_call, tool_call, run_started]
    return [
        replace(
            makers[number % 3](agent=["a", "b"][number % 2], status=_STATUSES[number % 5]),
            created_at_us=NOW_US + (number * 7 % (count // 4)) * SECOND_US,
        )
        for number in range(count)
    ]


_STATUSES = ["success", "success", "error", "info", "success"]


@pytest.fixture
def filled(store: EventStore, owner_id: int) -> EventStore:
    store.append(owner_id, many_events())
    return store


def all_pages(store: EventStore, owner_id: int, wanted: EventFilter, limit: int) -> list[str]:
    seen: list[str] = []
    cursor: Cursor | None = None
    while True:
        page = store.events(owner_id, wanted, limit=limit, cursor=cursor)
        seen += [event.uid.hex() for event in page.events]
        if page.next_cursor is None:
            return seen
        cursor = Cursor.decode(page.next_cursor.encode(), kind="event")


@pytest.mark.parametrize("limit", [1, 7, 60, 200])
def test_pages_show_every_event_once_newest_first(
    filled: EventStore, owner_id: int, limit: int
) -> None:
    whole = filled.events(owner_id, EventFilter(), limit=200)
    order = [(event.created_us, event.uid.hex()) for event in whole.events]
    assert order == sorted(order, reverse=True)
    assert len(order) == whole.total == 60
    assert whole.next_cursor is None
    assert all_pages(filled, owner_id, EventFilter(), limit) == [uid for _, uid in order]


def test_an_offset_skips_as_many(filled: EventStore, owner_id: int) -> None:
    whole = filled.events(owner_id, EventFilter(), limit=200).events
    page = filled.events(owner_id, EventFilter(), limit=5, offset=50)
    assert page.events == whole[50:55]
    assert page.total == 60
    last = filled.events(owner_id, EventFilter(), limit=5, offset=58)
    assert (len(last.events), last.next_cursor) == (2, None)


def test_new_events_do_not_shift_the_next_page(filled: EventStore, owner_id: int) -> None:
    first = filled.events(owner_id, EventFilter(), limit=10)
    expected = filled.events(owner_id, EventFilter(), limit=10, cursor=first.next_cursor)
    filled.append(owner_id, [llm_call(created_at_us=NOW_US + 10**9)])
    again = filled.events(owner_id, EventFilter(), limit=10, cursor=first.next_cursor)
    assert again.events == expected.events


@pytest.mark.parametrize(
    "wanted",
    [
        EventFilter(event_type="tool_call"),
        EventFilter(status="error"),
        EventFilter(model="gpt-4o-mini"),
        EventFilter(event_type="llm_call", status="error", model="gpt-4o-mini"),
        EventFilter(start_us=NOW_US + 3 * SECOND_US),
        EventFilter(end_us=NOW_US + 3 * SECOND_US),
        EventFilter(start_us=NOW_US + 3 * SECOND_US, end_us=NOW_US + 9 * SECOND_US),
        EventFilter(event_type="metric"),
        EventFilter(model="nobody's"),
        EventFilter(agent_id=0),
        EventFilter(run_id="none"),
    ],
)
def test_a_filter_shows_and_counts_the_same_events(
    filled: EventStore, owner_id: int, wanted: EventFilter
) -> None:
    whole = filled.events(owner_id, EventFilter(), limit=200).events
    expected = [
        event.uid.hex()
        for event in whole
        if (wanted.event_type in (None, event.event_type))
        and (wanted.status in (None, event.status))
        and (wanted.model in (None, event.model))
        and (wanted.run_id in (None, event.run_id))
        and (wanted.agent_id is None or event.agent_id is None)
        and (wanted.start_us is None or event.created_us >= wanted.start_us)
        and (wanted.end_us is None or event.created_us < wanted.end_us)
    ]
    assert all_pages(filled, owner_id, wanted, 4) == expected
    assert filled.events(owner_id, wanted, limit=1).total == len(expected)


def test_events_of_one_agent_are_named_and_counted(filled: EventStore, owner_id: int) -> None:
    (newest,) = filled.events(owner_id, EventFilter(), limit=1).events
    assert newest.agent_id is not None
    page = filled.events(owner_id, EventFilter(agent_id=newest.agent_id), limit=200)
    assert {event.agent for event in page.events} == {newest.agent}
    assert len(page.events) == page.total == 30


def test_nobody_sees_what_is_anothers(filled: EventStore, engine: Engine, owner_id: int) -> None:
    filled.append(owner_id, agent_trace(), links=agent_links())
    other_id = new_owner(engine, "other@example.com")
    (run,) = filled.runs(owner_id, RunFilter(), limit=1).runs
    (event,) = filled.events(owner_id, EventFilter(run_id=run.run_id), limit=1).events
    assert filled.events(other_id, EventFilter(), limit=9).total == 0
    assert filled.events(other_id, EventFilter(agent_id=event.agent_id), limit=9).events == []
    assert filled.events(other_id, EventFilter(run_id=run.run_id), limit=9).total == 0
    assert filled.runs(other_id, RunFilter(), limit=9).total == 0
    assert filled.run(other_id, run.run_id) is None
    assert filled.active_agents(other_id, since_us=0) == 0
    assert filled.measure(other_id, start_us=0, end_us=2**62, group_by=["agent_id"]) == []


def test_a_run_comes_with_its_events_oldest_first(store: EventStore, owner_id: int) -> None:
    store.append(owner_id, agent_trace(), links=agent_links())
    (run,) = store.runs(owner_id, RunFilter(), limit=9).runs
    detail = store.run(owner_id, run.run_id)
    assert detail is not None
    assert detail.run == run
    assert (run.agent, run.status, run.model, run.total_latency_ms) == (
        "bot",
        "success",
        "gpt-4o",
        5000,
    )
    assert (run.total_tokens_in, run.total_tokens_out) == (200, 40)
    assert str(run.total_cost_usd) == "0.000002000"
    # A tool failed, and the agent handled it.
    assert run.error_message is None
    assert len(detail.events) == run.events_count == 8
    times = [(event.created_us, event.uid) for event in detail.events]
    assert times == sorted(times)


@pytest.mark.parametrize("limit", [1, 4, 100])
def test_pages_show_every_run_once_newest_first(
    store: EventStore, owner_id: int, limit: int
) -> None:
    store.append(
        owner_id,
        [
            run_started(f"{number}", trace_id=f"{number:032x}", created_at_us=NOW_US + number // 3)
            for number in range(20)
        ],
    )
    seen: list[tuple[int, str]] = []
    cursor: Cursor | None = None
    while True:
        page = store.runs(owner_id, RunFilter(), limit=limit, cursor=cursor)
        seen += [(run.started_us, run.run_id) for run in page.runs]
        cursor = page.next_cursor
        if cursor is None:
            break
        cursor = Cursor.decode(cursor.encode(), kind="run")
    assert seen == sorted(seen, reverse=True)
    assert len(set(seen)) == page.total == 20


def test_runs_are_filtered_by_status_agent_and_time(engine: Engine, owner_id: int) -> None:
    store = EventStore(engine, clock_us=lambda: NOW_US)
    store.append(
        owner_id,
        [
            run_started("a", trace_id="1" * 32),
            run_finished("b", trace_id="2" * 32, status="error", agent="other"),
            run_finished("c", trace_id="3" * 32, created_at_us=NOW_US + SECOND_US),
        ],
    )
    by_status = {
        status: store.runs(owner_id, RunFilter(status=status), limit=9).total
        for status in ("running", "error", "success")
    }
    assert by_status == {"running": 1, "error": 1, "success": 1}
    (failed,) = store.runs(owner_id, RunFilter(status="error"), limit=9).runs
    assert store.runs(owner_id, RunFilter(agent_id=failed.agent_id), limit=9).runs == [failed]
    assert store.runs(owner_id, RunFilter(agent_id=0), limit=9).total == 0
    assert store.runs(owner_id, RunFilter(end_us=NOW_US + 1), limit=9).total == 2
