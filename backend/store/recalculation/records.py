"""What each event cost before a recalculation, and after it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, insert, select, tuple_

from backend.models import EventRow, RecalculationChange
from backend.store.costing import Cost
from backend.store.recalculation.differences import Change, digest_of
from backend.store.recalculation.reading import Position
from backend.store.rows import ROW_COLUMNS, select_rows, stored_row
from backend.store.transactions import Transaction

_CHANGES = RecalculationChange.__table__


@dataclass(frozen=True, slots=True)
class Record:
    """What one event cost before a recalculation and after it, and what was told of it then."""

    position: Position
    told: str
    before: Cost
    after: Cost


def keep(tx: Transaction, recalculation_id: int, changes: Sequence[Change]) -> None:
    """Keep what events cost before."""
    if changes:
        tx.connection.execute(
            insert(RecalculationChange),
            [_as_record(recalculation_id, change) for change in changes],
        )


def records_after(
    tx: Transaction, recalculation_id: int, after: Position | None, *, limit: int
) -> list[Record]:
    """Return the next changes, in the order of the events' times."""
    of = RecalculationChange
    query = select(*(_CHANGES.c[name] for name in _RECORD)).where(
        of.recalculation_id == recalculation_id
    )
    if after is not None:
        query = query.where(tuple_(of.created_us, of.event_uid) > tuple_(*after, types=_POSITION))
    rows = tx.connection.execute(query.order_by(of.created_us, of.event_uid).limit(limit))
    return [
        Record(Position(*values[:2]), values[2], Cost(*values[3:6]), Cost(*values[6:]))
        for values in rows
    ]


def changes_of(connection: Connection, owner_id: int, recalculation_id: int) -> Iterator[Change]:
    """Yield what a recalculation changed, of the events that are still there."""
    of = RecalculationChange
    found = connection.execute(
        select_rows()
        .add_columns(*(_CHANGES.c[name] for name in _RECORD[3:]))
        # Both columns of the key, or one side would be searched through for each row of the other.
        .join(of, and_(of.created_us == EventRow.created_us, of.event_uid == EventRow.uid))
        .where(of.recalculation_id == recalculation_id, EventRow.user_id == owner_id),
        execution_options={"yield_per": 2000},
    )
    for values in found:
        row = stored_row(values[: len(ROW_COLUMNS)])
        costs = values[len(ROW_COLUMNS) :]
        if row.placement is not None:
            before, after = row.placement.at_cost(Cost(*costs[:3])), Cost(*costs[3:])
            yield Change(row, before, row.placement.at_cost(after))


_POSITION = [of.type for of in (_CHANGES.c.created_us, _CHANGES.c.event_uid)]
_RECORD = (
    *("created_us", "event_uid", "told"),
    *("cost_before_nusd", "source_before", "version_before"),
    *("cost_after_nusd", "source_after", "version_after"),
)


def _as_record(recalculation_id: int, change: Change) -> dict[str, Any]:
    entry = change.row.entry
    values = (
        *(entry.created_us, entry.uid, digest_of(change.before)),
        *change.before.cost,
        *change.after.cost,
    )
    return {"recalculation_id": recalculation_id, **dict(zip(_RECORD, values, strict=True))}
