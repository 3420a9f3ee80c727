"""The scheduler runs its job, survives a store that is away, and takes turns."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from backend.scheduler import Job, Scheduler
from backend.store import StoreUnavailable

SOON_S = 0.001
PATIENCE_S = 10


class Counter:
    """A job that counts its runs; the first ones fail where `failures` says so."""

    def __init__(self, failures: int = 0, *, wanted: int = 3) -> None:
        self.runs = 0
        self._failures = failures
        self._wanted = wanted
        self.is_done = threading.Event()

    def __call__(self) -> None:
        self.runs += 1
        if self.runs >= self._wanted:
            self.is_done.set()
        if self.runs <= self._failures:
            raise StoreUnavailable("away")


def running(*jobs: Callable[[], object], turn: Path | None = None) -> Scheduler:
    scheduler = Scheduler(
        [Job("counter", job, SOON_S) for job in jobs], turn=turn, try_every_s=SOON_S
    )
    scheduler.start()
    return scheduler


def test_the_job_runs_again_and_again_until_it_is_stopped():
    job = Counter()
    scheduler = running(job)
    assert job.is_done.wait(PATIENCE_S)
    scheduler.stop()
    runs = job.runs
    assert runs >= 3
    assert not scheduler.is_running


def test_a_job_that_takes_long_does_not_keep_the_others_waiting():
    is_over, quick = threading.Event(), Counter()
    scheduler = running(lambda: is_over.wait(PATIENCE_S), quick)
    assert quick.is_done.wait(PATIENCE_S)
    is_over.set()
    scheduler.stop()


def test_a_store_that_is_away_ends_nothing():
    job = Counter(failures=2)
    scheduler = running(job)
    assert job.is_done.wait(PATIENCE_S)
    scheduler.stop()


def test_only_one_of_two_workers_acts_and_the_other_takes_over(tmp_path: Path):
    turn = tmp_path / "turn"
    first, second = Counter(), Counter()
    one = running(first, turn=turn)
    assert first.is_done.wait(PATIENCE_S)
    two = running(second, turn=turn)
    before = first.runs
    first.is_done.clear()
    assert first.is_done.wait(PATIENCE_S)
    assert (first.runs > before, second.runs) == (True, 0)
    one.stop()
    assert second.is_done.wait(PATIENCE_S)
    two.stop()
