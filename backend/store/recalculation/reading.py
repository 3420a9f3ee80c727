"""The events of a window that cost something, or might, page by page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection, or_

from backend.models import EventRow
from backend.store.accounting import Uid
from backend.store.costing import PricedBy, priced_by
from backend.store.rows import Row, select_rows, stored_row
from backend.store.statements import chunks
from backend.store.windows import Window


class Position(NamedTuple):
    """Where an event stands among its owner's, oldest first."""

    created_us: int
    uid: Uid


@dataclass(frozen=True, slots=True)
class Candidate:
    """A stored event, with what its payload tells of its price."""

    row: Row
    priced: PricedBy

    @property
    def position(self) -> Position:
        """Where it stands."""
        return Position(self.row.entry.created_us, self.row.entry.uid)


def read_page(
    connection: Connection, owner_id: int, *, window: Window, after: Position | None, limit: int
) -> Sequence[Candidate]:
    """Return the next events that tell tokens or money, at most `limit`."""
    query = select_rows().add_columns(EventRow.payload)
    if after is not None:
        window = Window(after.created_us, window.end_us)
        query = query.where(or_(EventRow.created_us > after.created_us, EventRow.uid > after.uid))
    found = connection.execute(
        query.where(EventRow.user_id == owner_id, *window.holds(EventRow.created_us))
        .where(or_(*(column.is_not(None) for column in _TELLING)))
        .order_by(EventRow.created_us, EventRow.uid)
        .limit(limit)
    )
    return [
        Candidate(stored_row(values), priced_by(msgspec.json.decode(payload)))
        for *values, payload in found
    ]


_TELLING = (
    EventRow.tokens_in,
    EventRow.tokens_out,
    EventRow.cost_nusd,
    EventRow.told_cost_nusd,
)


def rows_now(connection: Connection, owner_id: int, uids: Iterable[Uid]) -> dict[Uid, Row]:
    """Return these events as they are now; those that are gone are missing."""
    found: dict[Uid, Row] = {}
    for some in chunks(list(uids)):
        rows = connection.execute(
            select_rows().where(EventRow.uid.in_(some), EventRow.user_id == owner_id)
        )
        found |= {row.entry.uid: row for row in map(stored_row, rows)}
    return found
