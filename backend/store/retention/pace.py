"""Many short transactions with pauses, so that nobody waits for long."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from backend.store.transactions import Transaction, Transactions

_T = TypeVar("_T")

_MOST_ROWS = 2_000
_FEWEST_ROWS = 200
#: Others wait for a transaction for about so long: it takes fewer rows after one that took longer.
_WANTED_S = 0.03
_LEAST_PAUSE_S = 0.01


class Pace:
    """Runs steps one after the other until a deadline, and rests after each for as long as it took.

    With `for_s` None there is no deadline.
    """

    def __init__(
        self,
        transactions: Transactions,
        *,
        for_s: float | None,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._transactions = transactions
        self._sleep = sleep
        self._monotonic = monotonic
        self._deadline = None if for_s is None else monotonic() + for_s
        self._limit = _MOST_ROWS

    @property
    def is_over(self) -> bool:
        """Whether the deadline has passed."""
        return self._deadline is not None and self._monotonic() >= self._deadline

    def step(self, owner_id: int, work: Callable[[Transaction, int], _T]) -> _T:
        """Return what `work` returned for at most so many rows; then rest."""

        def timed(tx: Transaction) -> tuple[_T, float]:
            # From here on others wait; to wait for them is no reason to take fewer rows.
            started = self._monotonic()
            return work(tx, self._limit), started

        done, started = self._transactions.write(owner_id, timed)
        took_s = self._monotonic() - started
        fitting = round(self._limit * _WANTED_S / max(took_s, 0.001))
        self._limit = max(_FEWEST_ROWS, min(_MOST_ROWS, fitting))
        self._sleep(max(_LEAST_PAUSE_S, took_s))
        return done
