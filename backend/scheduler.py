"""The scheduled jobs of a running server."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from backend.store import StoreUnavailable

try:
    import fcntl
except ImportError:  # Windows, where a server has one worker
    fcntl = None  # type: ignore[assignment]  # what mypy checks has it

_log = logging.getLogger(__name__)


class Scheduler:
    """Runs `job` at once and then at an interval, in a thread that ends with the process.

    Workers of one server share `turn`, a file that only one of them can lock: that one acts, and
    another takes over when it ends. Every job may run twice without harm, so replicas share
    nothing.
    """

    def __init__(
        self, job: Callable[[], object], *, turn: Path | None, every_s: float = 300.0
    ) -> None:
        self._job = job
        self._turn = turn
        self._every_s = every_s
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="scheduler", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the job that runs."""
        self._stopped.set()
        self._thread.join()

    @property
    def is_running(self) -> bool:
        """Whether more jobs will run."""
        return self._thread.is_alive()

    def _run(self) -> None:
        if self._turn is None or fcntl is None:
            self._act_while(lambda: True)
            return
        with self._turn.open("wb") as file:
            self._act_while(lambda: _is_locked(file.fileno()))

    def _act_while(self, is_my_turn: Callable[[], bool]) -> None:
        while not self._stopped.is_set():
            if is_my_turn():
                self._act()
            self._stopped.wait(self._every_s)

    def _act(self) -> None:
        try:
            self._job()
        except (StoreUnavailable, SQLAlchemyError) as error:
            _log.warning("the scheduled job waits for its next turn: %s", error)
        except Exception:  # noqa: BLE001 (the thread that ends here would end every later turn)
            _log.exception("the scheduled job failed")


def _is_locked(file_number: int) -> bool:
    """Return whether this process holds the lock; it is free again when its holder ends."""
    try:
        fcntl.flock(file_number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
