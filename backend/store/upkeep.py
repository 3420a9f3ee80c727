"""What keeps the sums in order: the table of agents' days, rebuilds, and changes of the zone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from sqlalchemy import select

from backend.models import User
from backend.store import daily
from backend.store.daily import Aggregated
from backend.store.rebuild import move_to_zone, rebuild_rollups
from backend.store.transactions import Transaction, Transactions
from backend.store.zones import known_zone


class Upkeep:
    """The jobs on an owner's sums. Every method raises `StoreUnavailable`."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def aggregate_days(self, owner_id: int | None, days: Iterable[date]) -> int:
        """Write the daily rows of these local days anew, for one owner or all; return how many.

        Each day is a transaction of its own.
        """
        wanted = sorted(set(days))
        return sum(
            self._aggregate(owner, day) for owner in self._owners(owner_id) for day in wanted
        )

    def aggregate_recent(self, owner_id: int | None = None) -> Aggregated:
        """Write the daily rows of every day that changed since last time; count all recent rows.

        Several may do so at once. A day whose events did not change is only counted.
        """
        return sum(map(self._aggregate_changed, self._owners(owner_id)), Aggregated())

    def _aggregate_changed(self, owner_id: int) -> Aggregated:
        read, now_us = self._transactions.read, self._transactions.now_us()
        changed = read(lambda connection: daily.changed_days(connection, owner_id))
        written = {day: self._aggregate(owner_id, day) for day in changed}
        rows = read(lambda connection: daily.recent_rows(connection, owner_id, now_us=now_us))
        late = sum(written[day] for day in written.keys() - rows.keys())
        today, yesterday = rows.values()
        return Aggregated(today, yesterday, late)

    def _aggregate(self, owner_id: int, day: date) -> int:
        return self._transactions.write(owner_id, lambda tx: daily.aggregate_day(tx, day))

    def rebuild(self, owner_id: int) -> None:
        """Compute the owner's roll-ups anew from the raw events, as far as these are complete."""
        self._transactions.write(owner_id, _rebuild)

    def rebuild_all(self) -> int:
        """Do so for every owner, one after the other; return how many there are."""
        owners = self._owners(None)
        for owner_id in owners:
            self.rebuild(owner_id)
        return len(owners)

    def set_timezone(self, owner_id: int, name: str) -> None:
        """Cut the owner's hours and days in another time zone, an IANA name, from now on.

        All of them are folded anew from the quarter-hours in one transaction. Raises `ValueError`
        for a name that is not known.
        """
        zone = known_zone(name)
        self._transactions.write(owner_id, lambda tx: move_to_zone(tx, name, zone))

    def _owners(self, owner_id: int | None) -> list[int]:
        if owner_id is not None:
            return [owner_id]
        query = select(User.id).order_by(User.id)
        return self._transactions.read(lambda connection: list(connection.scalars(query)))


def _rebuild(tx: Transaction) -> None:
    since_us = tx.connection.scalar(select(User.raw_since_us).where(User.id == tx.owner_id))
    rebuild_rollups(tx, since_us=since_us or 0)
