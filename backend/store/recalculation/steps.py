"""One transaction of a recalculation: short, and whole in itself."""

from __future__ import annotations

from collections.abc import Sequence

from backend.store.recalculation import ledger
from backend.store.recalculation.differences import (
    Change,
    change_by,
    change_to,
    digest_of,
)
from backend.store.recalculation.ledger import Work
from backend.store.recalculation.reading import Candidate, Position, rows_now
from backend.store.recalculation.records import Record, keep, records_after
from backend.store.recalculation.writing import write_costs
from backend.store.rows import Row
from backend.store.transactions import Transaction
from otel_bridge.pricing import PriceBook


def apply_step(
    tx: Transaction, work: Work, *, candidates: Sequence[Candidate], upto: Position, book: PriceBook
) -> None:
    """Write what these events cost by the book.

    They were read before the lock was taken; what ingestion made of them since is priced here.
    """
    ledger.position_of(tx, work)
    rows = rows_now(tx.connection, tx.owner_id, (one.position.uid for one in candidates))
    changes = [
        change
        for one in candidates
        if (row := rows.get(one.position.uid)) is not None
        and (change := change_by(row, one.priced, book)) is not None
    ]
    write_costs(tx, changes)
    keep(tx, work.recalculation_id, changes)
    ledger.note(tx, work, changes, upto=upto)


def undo_step(tx: Transaction, work: Work, *, limit: int) -> bool:
    """Restore what the next events cost; return False when there was none left."""
    after = ledger.position_of(tx, work)
    records = records_after(tx, work.recalculation_id, after, limit=limit)
    if not records:
        ledger.finish(tx, work, status="undone")
        return False
    rows = rows_now(tx.connection, tx.owner_id, (record.position.uid for record in records))
    changes = [
        change
        for record in records
        if (change := _restored(record, rows.get(record.position.uid))) is not None
    ]
    write_costs(tx, changes)
    ledger.note_undone(
        tx,
        work,
        restored=len(changes),
        skipped=len(records) - len(changes),
        upto=records[-1].position,
    )
    return True


def _restored(record: Record, row: Row | None) -> Change | None:
    """Return the change back; None for an event that is gone, or that has changed since."""
    if row is None or row.placement is None or row.placement.cost != record.after:
        return None
    return change_to(row, record.before) if digest_of(row.placement) == record.told else None
