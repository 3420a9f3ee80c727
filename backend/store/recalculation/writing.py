"""Other costs of stored events, and every sum that follows from them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sqlalchemy import bindparam, update

from backend.models import EventRow, RunRow
from backend.store.recalculation.differences import Change
from backend.store.rollups import Deltas, write_rollups
from backend.store.sightings import note_days
from backend.store.transactions import Transaction


def write_costs(tx: Transaction, changes: Sequence[Change]) -> None:
    """Write the costs after these changes, the roll-ups and the runs; mark their days."""
    if not changes:
        return
    _update_events(tx, changes)
    deltas = Deltas()
    for change in changes:
        deltas.remove(change.row, change.before)
        deltas.add(change.row, change.after)
    write_rollups(tx, deltas)
    _update_runs(tx, changes)
    note_days(tx, (change.row.entry.created_us for change in changes))


def _update_events(tx: Transaction, changes: Sequence[Change]) -> None:
    tx.connection.execute(
        update(EventRow)
        .where(EventRow.uid == bindparam("of_uid"))
        .values(
            cost_nusd=bindparam("nusd"),
            cost_source=bindparam("source"),
            price_version=bindparam("version"),
        ),
        [{"of_uid": change.row.entry.uid, **change.after.cost._asdict()} for change in changes],
    )


def _update_runs(tx: Transaction, changes: Sequence[Change]) -> None:
    more: Counter[str] = Counter()
    for change in changes:
        if change.before.counted and change.before.run_id is not None:
            more[change.before.run_id] += (change.after.cost_nusd or 0) - (
                change.before.cost_nusd or 0
            )
    if more:
        tx.connection.execute(
            update(RunRow)
            .where(RunRow.user_id == tx.owner_id, RunRow.run_id == bindparam("of_run"))
            .values(total_cost_nusd=RunRow.total_cost_nusd + bindparam("more")),
            [{"of_run": run_id, "more": more[run_id]} for run_id in sorted(more)],
        )
