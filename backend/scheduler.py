"""The scheduled jobs of a running server."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from backend.store import StoreUnavailable

try:
    import fcntl
except ImportError:  # Windows, where a server has one worker
    fcntl = None  # type: ignore[assignment]  # what mypy checks has it

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """What runs at once and then at an interval; it may run twice without harm."""

    name: str
    run: Callable[[], object]
    every_s: float


class Scheduler:
    """Runs each job in a thread of its own, which ends with the process.

    Workers of one server share `turn`, a file that only one of them can lock: that one acts, and
    another takes over when it ends. Replicas share nothing.
    """

    def __init__(
        self, jobs: Sequence[Job], *, turn: Path | None, try_every_s: float = 60.0
    ) -> None:
        self._turn = turn
        self._try_every_s = try_every_s
        self._stopped = threading.Event()
        self._open = ExitStack()
        self._is_my_turn: Callable[[], bool] = lambda: True
        self._threads = [
            threading.Thread(target=self._run, args=(job,), name=job.name, daemon=True)
            for job in jobs
        ]

    def start(self) -> None:
        """Begin."""
        if self._turn is not None and fcntl is not None:
            file_number = self._open.enter_context(self._turn.open("wb")).fileno()
            self._is_my_turn = lambda: _is_locked(file_number)
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End after the jobs that run."""
        self._stopped.set()
        for thread in self._threads:
            thread.join()
        self._open.close()

    @property
    def is_running(self) -> bool:
        """Whether more jobs will run."""
        return any(thread.is_alive() for thread in self._threads)

    def _run(self, job: Job) -> None:
        while not self._stopped.is_set():
            is_my_turn = self._is_my_turn()
            is_done = is_my_turn and _act(job)
            self._stopped.wait(job.every_s if is_done else min(job.every_s, self._try_every_s))


def _act(job: Job) -> bool:
    """Run a job; return whether it ended well."""
    try:
        job.run()
    except (StoreUnavailable, SQLAlchemyError) as error:
        _log.warning("the job %s waits for its next turn: %s", job.name, error)
    except Exception:  # noqa: BLE001 (the thread that ends here would end every later turn)
        _log.exception("the job %s failed", job.name)
    else:
        return True
    return False


def _is_locked(file_number: int) -> bool:
    """Return whether this process holds the lock; it is free again when its holder ends."""
    try:
        fcntl.flock(file_number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
