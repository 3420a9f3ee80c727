"""The roll-ups of an owner, computed anew from the raw events: the same numbers, or a bug."""

from __future__ import annotations

from sqlalchemy import delete

from backend.models import EventRow, LatencyRollup, Rollup, WarningRollup
from backend.store.rollups import Deltas, write_rollups
from backend.store.rows import select_rows, stored_row
from backend.store.transactions import Transaction


def rebuild_rollups(tx: Transaction) -> None:
    """Replace every roll-up of the owner."""
    deltas = Deltas()
    found = tx.connection.execute(
        select_rows().where(EventRow.user_id == tx.owner_id),
        execution_options={"yield_per": 2000},
    )
    for values in found:
        row = stored_row(values)
        if row.placement is not None:
            deltas.add(row, row.placement)
    for table in (Rollup, LatencyRollup, WarningRollup):
        tx.connection.execute(delete(table).where(table.user_id == tx.owner_id))
    write_rollups(tx, deltas)
