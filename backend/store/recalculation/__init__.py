"""History at other prices: what would change, the change, and the way back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from functools import partial
from uuid import uuid4

from backend.store.recalculation import ledger
from backend.store.recalculation.differences import (
    Difference,
    Summary,
    SummaryLine,
    change_by,
    summary_of,
)
from backend.store.recalculation.ledger import (
    RecalculationNotFoundError,
    RecalculationRefusedError,
    StoredRecalculation,
    Work,
)
from backend.store.recalculation.reading import Candidate, Position, read_page
from backend.store.recalculation.records import changes_of
from backend.store.recalculation.steps import apply_step, undo_step
from backend.store.transactions import Transactions
from backend.store.windows import Window
from backend.store.zones import zone_of
from otel_bridge.pricing import PriceBook

__all__ = [
    "Difference",
    "Recalculated",
    "RecalculationNotFoundError",
    "RecalculationRefusedError",
    "Recalculations",
    "StoredRecalculation",
    "Summary",
    "SummaryLine",
]

#: Events per transaction: ingestion waits for a fraction of a second at most.
_STEP = 1000


@dataclass(frozen=True, slots=True)
class Recalculated:
    """A recalculation that is done: its id, by which it can be undone, and what it changed."""

    id: int
    summary: Summary


class Recalculations:
    """Prices an owner's stored calls anew, in steps that ingestion can go on between.

    Windows are half-open, in Unix microseconds. `step` is how many events one transaction takes.
    An owner has one recalculation at a time. One that was interrupted, by whatever, has changed
    some events with all their sums and the rest not at all: it can be resumed or undone. Every
    method raises `StoreUnavailable`.
    """

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def preview_recalculation(
        self, owner_id: int, *, start_us: int, end_us: int, book: PriceBook, step: int = _STEP
    ) -> Summary:
        """Return what `apply_recalculation` would change by now; nothing is written."""
        window = Window(start_us, end_us)
        changes = (
            change
            for page in self._pages(owner_id, window, None, step)
            for one in page
            if (change := change_by(one.row, one.priced, book)) is not None
        )
        return summary_of(changes, self._zone_of(owner_id))

    def apply_recalculation(
        self, owner_id: int, *, start_us: int, end_us: int, book: PriceBook, step: int = _STEP
    ) -> Recalculated:
        """Write what the calls of a window cost by the book, and every sum that follows.

        Raises `RecalculationRefusedError` while the owner has an unfinished one.
        """
        runner, window = uuid4(), Window(start_us, end_us)
        recalculation_id = self._transactions.write(
            owner_id, lambda tx: ledger.begin(tx, window, runner)
        )
        return self._run(owner_id, Work(recalculation_id, runner), book, step)

    def resume_recalculation(
        self, owner_id: int, recalculation_id: int, *, book: PriceBook, step: int = _STEP
    ) -> Recalculated:
        """Do the rest of a recalculation that was interrupted, by the book as it is now.

        Raises `RecalculationNotFoundError` and `RecalculationRefusedError`.
        """
        work = Work(recalculation_id, uuid4())
        self._transactions.write(owner_id, lambda tx: ledger.take_up(tx, work, status="running"))
        return self._run(owner_id, work, book, step)

    def undo_recalculation(
        self, owner_id: int, recalculation_id: int, *, step: int = _STEP
    ) -> StoredRecalculation:
        """Give every event the cost that it had, with every sum; return how many got it back.

        Events that have changed since, or are gone, are left alone and counted as `skipped`.
        Raises `RecalculationNotFoundError`, and `RecalculationRefusedError` where it is undone
        already or another one is unfinished.
        """
        work = Work(recalculation_id, uuid4())
        self._transactions.write(owner_id, lambda tx: ledger.take_up(tx, work, status="undoing"))
        while self._transactions.write(owner_id, lambda tx: undo_step(tx, work, limit=step)):
            pass
        return self.recalculation(owner_id, recalculation_id)

    def recalculation(self, owner_id: int, recalculation_id: int) -> StoredRecalculation:
        """Return one recalculation. Raises `RecalculationNotFoundError`."""
        now_us = self._transactions.now_us()
        return self._transactions.read(
            lambda connection: ledger.stored(connection, owner_id, recalculation_id, now_us=now_us)
        )

    def recalculations(self, owner_id: int) -> list[StoredRecalculation]:
        """Return the owner's recalculations, newest first."""
        now_us = self._transactions.now_us()
        return self._transactions.read(
            lambda connection: ledger.all_stored(connection, owner_id, now_us=now_us)
        )

    def _run(self, owner_id: int, work: Work, book: PriceBook, step: int) -> Recalculated:
        """Do what is left of the work."""
        window, after = self._transactions.write(owner_id, partial(ledger.what_is_left, work=work))
        for page in self._pages(owner_id, window, after, step):
            changing = [one for one in page if change_by(one.row, one.priced, book) is not None]
            self._transactions.write(
                owner_id,
                partial(
                    apply_step, work=work, candidates=changing, upto=page[-1].position, book=book
                ),
            )
        self._transactions.write(owner_id, lambda tx: ledger.finish(tx, work, status="done"))
        zone = self._zone_of(owner_id)
        summary = self._transactions.read(
            lambda connection: summary_of(
                changes_of(connection, owner_id, work.recalculation_id), zone
            )
        )
        return Recalculated(work.recalculation_id, summary)

    def _pages(
        self, owner_id: int, window: Window, after: Position | None, step: int
    ) -> Iterator[Sequence[Candidate]]:
        """Yield the events of a window, oldest first; no transaction is open in between."""
        while True:
            page = self._transactions.read(
                partial(read_page, owner_id=owner_id, window=window, after=after, limit=step)
            )
            if page:
                yield page
            if len(page) < step:
                return
            after = page[-1].position

    def _zone_of(self, owner_id: int) -> tzinfo:
        return self._transactions.read(lambda connection: zone_of(connection, owner_id))
