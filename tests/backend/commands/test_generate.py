"""`otel-bridge generate-events`: a history that never happened, counted like any other."""

from __future__ import annotations

from sqlalchemy import Engine, func, select

from backend.models import AgentDailyMetrics, EventRow
from backend.store import EventStore
from backend.synthetic import PROFILES, History
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


def test_a_history_has_about_as_many_events_as_were_asked_for() -> None:
    history = History(START_US, START_US + 24 * HOUR_US, 3).scaled_to(10_000)
    events = [event for batch in history.batches(1000) for event in batch]
    beats = sum(event.event_type == "heartbeat" for event in events)
    assert 7_000 < len(events) - beats < 13_000
    assert {event.agent for event in events if event.agent} == {one.name for one in PROFILES}
