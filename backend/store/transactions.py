"""Transactions that wait their turn, try again, and say so when the database cannot be reached."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import tzinfo
from itertools import count
from typing import TypeVar

import psycopg
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from backend import db
from backend.store.availability import StoreUnavailable, unavailable, verdict_on
from backend.store.statements import Statements
from backend.store.zones import terms_of

_T = TypeVar("_T")

#: How long a transaction is tried again before the caller is told to come back.
RETRY_FOR_S = 2.0
#: Each pause between two tries is this long or longer, and at least a quarter longer than the last.
_FIRST_PAUSE_S = 0.02

#: More than owners write at the same time in one process.
_TURNS = 64

#: Added to owner ids, so that other users of advisory locks do not meet ours.
_LOCK_SPACE = 0x0B5 << 48


@dataclass(frozen=True, slots=True)
class Transaction:
    """A write transaction that holds its owner's lock."""

    connection: Connection
    owner_id: int
    sql: Statements
    now_us: int
    #: In which the owner's hours and days are cut; who changes it folds the roll-ups anew.
    zone: tzinfo
    #: Before that, retention has deleted events; those that are left are as they were decided.
    raw_since_us: int = 0
    #: Whether the work ran before: it may have been committed, and only the answer was lost.
    is_retry: bool = False


class Transactions:
    """Runs work in transactions of one engine."""

    def __init__(
        self,
        engine: Engine,
        *,
        clock_us: Callable[[], int],
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._writing = db.for_writing(engine)
        self.sql = Statements.of(engine)
        self._clock_us = clock_us
        self._sleep = sleep
        self._monotonic = monotonic
        self.is_embedded = engine.dialect.name == "sqlite"
        # SQLite has one writer; on PostgreSQL owners write side by side.
        self._turns = [threading.RLock() for _ in range(1 if self.is_embedded else _TURNS)]

    def now_us(self) -> int:
        """Return the current time in Unix microseconds."""
        return self._clock_us()

    def write(self, owner_id: int, work: Callable[[Transaction], _T]) -> _T:
        """Return what `work` returned once its changes are committed.

        `work` may run several times, and alone among the owner's writers. Raises
        `StoreUnavailable`.
        """
        attempts = count()
        return self._retrying(lambda: self._write_once(owner_id, work, is_retry=next(attempts) > 0))

    def read(self, work: Callable[[Connection], _T]) -> _T:
        """Return what `work` read from one snapshot per statement. Raises `StoreUnavailable`."""
        return self._retrying(lambda: self._read_once(work))

    def _read_once(self, work: Callable[[Connection], _T]) -> _T:
        with self._engine.connect() as connection:
            return work(connection)

    def _write_once(
        self, owner_id: int, work: Callable[[Transaction], _T], *, is_retry: bool
    ) -> _T:
        with self.turn(owner_id), self._writing.begin() as connection:
            if not self.is_embedded:
                _lock_owner(connection, owner_id)
            zone, raw_since_us = terms_of(connection, owner_id)
            return work(
                Transaction(
                    connection,
                    owner_id,
                    self.sql,
                    self._clock_us(),
                    zone,
                    raw_since_us,
                    is_retry=is_retry,
                )
            )

    @contextmanager
    def turn(self, owner_id: int) -> Iterator[None]:
        """Keep the owner's other writers of this process out while one prepares and writes.

        In the database they would wait for each other all the same. And a driver lets other threads
        run during each statement: to get back Python's lock from one that prepares a batch takes up
        to 5 ms, while the owner's lock is held. Raises `StoreUnavailable`.
        """
        turn = self._turns[owner_id % len(self._turns)]
        if not turn.acquire(timeout=db.LOCK_TIMEOUT_MS / 1000):
            raise StoreUnavailable("other writers kept the database busy")
        try:
            yield
        finally:
            turn.release()

    def _retrying(self, attempt: Callable[[], _T]) -> _T:
        deadline = self._monotonic() + RETRY_FOR_S
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                return attempt()
            except (DBAPIError, PoolTimeout, psycopg.Error) as error:
                verdict = verdict_on(error)
                if verdict == "ours":
                    raise
                pause_s *= random.uniform(1.25, 2)  # noqa: S311 (spreads retries; guards no secret)
                if verdict != "again" or self._monotonic() + pause_s > deadline:
                    raise unavailable(error, verdict) from error
            self._sleep(pause_s)


def _lock_owner(connection: Connection, owner_id: int) -> None:
    connection.exec_driver_sql(
        "SELECT set_config('lock_timeout', %s, true), pg_advisory_xact_lock(%s)",
        (str(db.LOCK_TIMEOUT_MS), _LOCK_SPACE + owner_id),
    )
