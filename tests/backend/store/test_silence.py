"""Runs without an end: going on, stuck, closed."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from backend.store import EventStore, Patience, RunFilter
from tests.backend.store.makers import NOW_US, run_finished, run_started

MINUTE_US = 60_000_000


class Clock:
    """A clock that a test moves."""

    now_us = NOW_US

    def __call__(self) -> int:
        return self.now_us


@pytest.mark.parametrize(
    ("minutes", "status", "stuck"),
    [(0, "running", False), (9, "running", False), (10, "running", True), (60, "error", False)],
)
def test_a_run_without_an_end_is_stuck_and_then_closed(
    engine: Engine, owner_id: int, minutes: int, status: str, stuck: bool
) -> None:
    clock = Clock()
    patience = Patience.of_minutes(stuck_after=10, closed_after=60)
    store = EventStore(engine, patience=patience, clock_us=clock)
    store.append(owner_id, [run_started("root")])
    clock.now_us += minutes * MINUTE_US
    (run,) = store.runs(owner_id, RunFilter(), limit=5).runs
    assert (run.status, run.is_stuck) == (status, stuck)
    assert (run.error_message is not None) == (status == "error")
    detail = store.run(owner_id, run.run_id)
    assert detail is not None
    assert detail.run == run
    for asked in ("running", "success", "error"):
        page = store.runs(owner_id, RunFilter(status=asked), limit=5)
        assert page.total == len(page.runs) == (asked == status)


def test_a_run_may_be_closed_before_it_would_be_stuck(engine: Engine, owner_id: int) -> None:
    clock = Clock()
    patience = Patience.of_minutes(stuck_after=60, closed_after=10)
    store = EventStore(engine, patience=patience, clock_us=clock)
    store.append(owner_id, [run_started("root")])
    clock.now_us += 12 * MINUTE_US
    (run,) = store.runs(owner_id, RunFilter(status="error"), limit=5).runs
    assert (run.status, run.is_stuck) == ("error", False)


def test_an_end_that_arrives_late_counts_all_the_same(engine: Engine, owner_id: int) -> None:
    clock = Clock()
    store = EventStore(engine, clock_us=clock)
    store.append(owner_id, [run_started("root")])
    clock.now_us += 48 * 60 * MINUTE_US
    store.append(owner_id, [run_finished("root")])
    (run,) = store.runs(owner_id, RunFilter(), limit=5).runs
    assert (run.status, run.is_stuck, run.error_message) == ("success", False, None)
