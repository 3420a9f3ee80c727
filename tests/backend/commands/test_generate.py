"""`otel-bridge generate-events`: a history that never happened, counted like any other."""

from __future__ import annotations

from itertools import pairwise

import pytest
from sqlalchemy import Engine, func, select

from backend.models import AgentDailyMetrics, EventRow
from backend.store import EventStore
from backend.synthetic import PROFILES, History, profiles
from tests.backend.commands.conftest import Run

HOUR_US = 3_600_000_000
START_US = 1_772_366_400_000_000


def test_a_generated_history_is_counted_like_any_other(
    run: Run, engine: Engine, store: EventStore, owner_id: int
) -> None:
    done = run("generate-events", "--hours", "6", "--events", "2000", "--seed", "7")
    assert done.exit_code == 0, done.output
    with engine.connect() as connection:
        stored = connection.scalar(select(func.count()).select_from(EventRow))
        days = connection.scalar(select(func.count()).select_from(AgentDailyMetrics))
    (group,) = store.measure(owner_id, start_us=0, end_us=2**62)
    sums = group.sums
    assert f"{stored:,} events in " in done.output
    assert stored == sums.total_events
    assert days
    assert sums.llm_calls > sums.llm_errors > 0
    assert min(sums.runs, sums.tool_calls, sums.tokens_cache_read, sums.cost_nusd) > 0


def test_equal_seeds_give_equal_histories_within_their_window() -> None:
    def told(seed: int) -> list[tuple[str, int, str | None]]:
        history = History(START_US, START_US + 6 * HOUR_US, seed).scaled_to(500)
        return [
            (event.event_type, event.created_at_us, event.agent)
            for batch in history.batches(100)
            for event in batch
        ]

    first = told(1)
    assert first == told(1) != told(2)
    assert all(START_US <= at_us < START_US + 6 * HOUR_US for _, at_us, _ in first)


@pytest.mark.parametrize(("hours", "agents", "wanted"), [(24, 6, 10_000), (720, 20, 10_000)])
def test_a_history_has_about_as_many_events_as_were_asked_for(
    hours: int, agents: int, wanted: int
) -> None:
    history = History(START_US, START_US + hours * HOUR_US, 3, profiles(agents)).scaled_to(wanted)
    events = [event for batch in history.batches(1000) for event in batch]
    assert 0.9 * wanted < len(events) < 1.1 * wanted
    assert len({event.agent for event in events if event.agent}) == agents


def test_agents_say_every_ten_minutes_that_they_are_alive() -> None:
    history = History(START_US, START_US + 24 * HOUR_US, 3).scaled_to(20_000)
    beats = [
        event.created_at_us
        for batch in history.batches(1000)
        for event in batch
        if event.event_type == "heartbeat" and event.agent == PROFILES[0].name
    ]
    assert {later - earlier for earlier, later in pairwise(beats)} == {HOUR_US // 6}


def test_about_one_in_twelve_calls_and_runs_fails() -> None:
    history = History(START_US, START_US + 720 * HOUR_US, 3, profiles(20)).scaled_to(50_000)
    ended = [e for batch in history.batches(1000) for e in batch if e.status != "info"]
    failed = sum(event.status == "error" for event in ended)
    assert 0.06 < failed / len(ended) < 0.10


def test_agents_beyond_the_first_six_are_the_same_again_under_names_of_their_own() -> None:
    twenty = profiles(20)
    assert twenty[:6] == PROFILES
    assert twenty[6].name == f"{PROFILES[0].name}-2"
    assert len({profile.name for profile in twenty}) == 20
