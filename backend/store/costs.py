"""What each event of a group costs, now that all that is known of its calls is told together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import msgspec
from sqlalchemy import select

from backend.models import EventRow
from backend.store.accounting import Decision, Told, Uid
from backend.store.costing import Cost, PricedBy, cost_of, priced_by
from backend.store.group import Group
from backend.store.rows import Row
from backend.store.statements import chunks
from backend.store.transactions import Transaction
from otel_bridge.pricing import PriceBook


@dataclass(frozen=True, slots=True)
class Costs:
    """Prices calls by an owner's book; without one, by what was sent alone."""

    book: PriceBook | None

    def of(self, tx: Transaction, group: Group) -> dict[Uid, Cost]:
        """Return the cost of every row.

        A stored row keeps the cost that it has: a price that has changed since is a matter of
        recalculation. Only where its call is told otherwise than before is it priced anew.
        """
        anew = {
            uid: row for uid, row in group.rows.items() if _is_told_anew(row, group.decisions[uid])
        }
        known = _priced_by(tx, anew.values())
        return {
            uid: self._anew(row, group.decisions[uid], known[uid])
            if uid in anew
            else _cost_now(row)
            for uid, row in group.rows.items()
        }

    def _anew(self, row: Row, decision: Decision, priced: PricedBy) -> Cost:
        told = decision.told or Told.by(row.entry)
        return cost_of(told, priced, self.book, at_us=row.entry.created_us)


def _is_told_anew(row: Row, decision: Decision) -> bool:
    """Whether a row's cost cannot be the one that it has."""
    if row.placement is None:
        return decision.told is not None
    return row.placement.told != (decision.told or Told.by(row.entry))


def _cost_now(row: Row) -> Cost:
    return row.own_cost if row.placement is None else row.placement.cost


def _priced_by(tx: Transaction, rows: Iterable[Row]) -> Mapping[Uid, PricedBy]:
    """Return what the rows' payloads tell of their price; those of stored rows are read."""
    known: dict[Uid, PricedBy] = {}
    unread: list[Uid] = []
    for row in rows:
        if row.priced is None:
            unread.append(row.entry.uid)
        else:
            known[row.entry.uid] = row.priced
    for some in chunks(unread):
        found = tx.connection.execute(
            select(EventRow.uid, EventRow.payload).where(EventRow.uid.in_(some))
        )
        known |= {uid: priced_by(msgspec.json.decode(payload)) for uid, payload in found}
    return known
