"""What is old goes: raw events first, their sums much later, in steps that ingestion outruns."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import select

from backend.models import User
from backend.store.availability import StoreUnavailable
from backend.store.rebuild import prune_rollups
from backend.store.retention.pace import Pace
from backend.store.retention.policy import Cut, RetentionPolicy
from backend.store.retention.pruning import has_old_sums, prune_days, shrink_file
from backend.store.retention.steps import (
    Step,
    delete_changes,
    delete_events,
    delete_links,
    has_old_rows,
    oldest_event_us,
)
from backend.store.transactions import Transaction, Transactions
from backend.store.windows import QUARTER_US

__all__ = ["Removed", "RetentionPolicy", "Retentions"]

_log = logging.getLogger(__name__)

_Delete = Callable[..., Step]


@dataclass(slots=True)
class Removed:
    """How much went: events, runs, sums (of quarter-hours and days), and pages of a SQLite file.

    `is_finished` tells whether nothing was left when the time was over.
    """

    events: int = 0
    runs: int = 0
    rollups: int = 0
    pages: int = 0
    is_finished: bool = True


@dataclass(frozen=True, slots=True)
class _Owner:
    id: int
    policy: RetentionPolicy


class Retentions:
    """Deletes what each owner does not keep any longer.

    Every step is a transaction of its own: interrupted at any moment, it goes on the next time,
    and several at once do no harm. Nothing is taken from any sum before the sums themselves go.
    """

    _transactions: Transactions

    def retain(self, policy: RetentionPolicy, *, for_s: float | None = None) -> Removed:
        """Delete what is too old, for about `for_s` seconds at most; return how much went.

        Raises `StoreUnavailable`.
        """
        pace, removed = Pace(self._transactions, for_s=for_s), Removed()
        for owner in self._owners_with(policy):
            try:
                self._retain_of(owner, pace, removed)
            except StoreUnavailable as error:
                # Whoever keeps this owner busy must not stop the others.
                _log.warning("owner %s keeps old events until the next time: %s", owner.id, error)
                removed.is_finished = False
        if self._transactions.is_embedded:
            self._shrink(pace, removed)
        removed.is_finished = removed.is_finished and not pace.is_over
        return removed

    def _owners_with(self, policy: RetentionPolicy) -> list[_Owner]:
        query = select(User.id, User.retention_days).order_by(User.id)
        return [
            _Owner(owner_id, policy.of_owner(own_days))
            for owner_id, own_days in self._transactions.read(
                lambda connection: connection.execute(query).all()
            )
        ]

    def _retain_of(self, owner: _Owner, pace: Pace, removed: Removed) -> None:
        now_us = self._transactions.now_us()
        cut = owner.policy.events_cut(now_us)
        if cut is None:
            return
        sums_us = owner.policy.rollups_cut_us(now_us)
        if self._transactions.read(lambda connection: has_old_rows(connection, owner.id, cut)):
            self._delete_rows(owner, cut, pace, removed)
        while sums_us is not None and not pace.is_over and self._has_old_sums(owner, sums_us):
            went = pace.step(owner.id, partial(_prune, before_us=sums_us))
            removed.rollups += went
            if not went:
                return

    def _has_old_sums(self, owner: _Owner, before_us: int) -> bool:
        return self._transactions.read(
            lambda connection: has_old_sums(connection, owner.id, before_us=before_us)
        )

    def _delete_rows(self, owner: _Owner, cut: Cut, pace: Pace, removed: Removed) -> None:
        for delete in (delete_events, delete_links, delete_changes):
            for step in _steps(pace, owner.id, partial(delete, cut=cut)):
                removed.events += step.events
                removed.runs += step.runs

    def _shrink(self, pace: Pace, removed: Removed) -> None:
        while not pace.is_over:
            pages = pace.step(0, lambda tx, limit: shrink_file(tx, pages=limit))
            removed.pages += pages
            if not pages:
                return


def _steps(pace: Pace, owner_id: int, delete: _Delete) -> Iterator[Step]:
    """Yield what each step removed, until there is nothing more or the time is over."""
    after: tuple[Any, ...] | None = None
    while not pace.is_over:
        step = pace.step(owner_id, partial(_next, delete=delete, after=after))
        yield step
        after = step.after
        if after is None:
            return


def _next(tx: Transaction, limit: int, *, delete: _Delete, after: tuple[Any, ...] | None) -> Step:
    return delete(tx, after=after, limit=limit)


def _prune(tx: Transaction, limit: int, *, before_us: int) -> int:
    """Delete old sums, but none whose events are still there: they could change it once more."""
    oldest_us = oldest_event_us(tx.connection, tx.owner_id)
    if oldest_us is not None:
        before_us = min(before_us, oldest_us - oldest_us % QUARTER_US)
    went = prune_rollups(tx, before_us=before_us, limit=limit)
    return went or prune_days(tx, before_us=before_us)
