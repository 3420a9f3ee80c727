"""All that is known of the traces and runs which a batch touches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from backend.store.accounting import Decision, Key, Uid
from backend.store.copies import Tracers
from backend.store.foresight import Foresight
from backend.store.links import links_of, traces_after
from backend.store.rows import Row, stored_row
from backend.store.transactions import Transaction


@dataclass(frozen=True, slots=True)
class Group:
    """Stored and new rows of some traces and runs, and what was decided of each."""

    rows: Mapping[Uid, Row]
    decisions: Mapping[Uid, Decision]


def load_group(
    tx: Transaction,
    new_rows: Sequence[Row],
    *,
    foresight: Foresight,
    linked_traces: Iterable[str] = (),
) -> Group:
    """Return everything that shares a trace or a run with the new rows, directly or not.

    A trace decides the runs of its events, and a run may join traces: what was decided can lead
    to more rows, and these to another decision, until nothing new is found.
    """
    tracers = Tracers.with_those_of(tx, new_rows)
    search = _Search(tx, tracers, {row.entry.uid: row for row in new_rows}, [*new_rows])
    search.reach(new_rows)
    search.traces_ahead.update(linked_traces)
    while True:
        links = search.walk_over_traces()
        decisions = foresight.decide([row.entry for row in search.rows.values()], links)
        search.ahead_of_runs(decision.run_id for decision in decisions.values())
        known = len(search.rows)
        search.walk()
        if len(search.rows) == known:
            return Group(search.rows, decisions)


@dataclass(slots=True)
class _Search:
    """A walk from rows to traces and runs, and from these to more rows."""

    tx: Transaction
    tracers: Tracers
    rows: dict[Uid, Row]
    #: Rows whose copies have not been looked for.
    copies_ahead: list[Row]
    traces_ahead: set[str] = field(default_factory=set)
    runs_ahead: set[str] = field(default_factory=set)
    traces_seen: set[str] = field(default_factory=set)
    runs_seen: set[str] = field(default_factory=set)

    def walk_over_traces(self) -> Mapping[Key, Key]:
        """Go on until nothing lies ahead in any trace of the same runs; return all links."""
        links: dict[Key, Key] = {}
        linked: set[str] = set()
        while True:
            self.walk()
            fresh = self.traces_seen - linked
            if not fresh:
                return links
            linked |= fresh
            tx = self.tx
            found = links_of(tx.connection, tx.sql, tx.owner_id, fresh)
            links |= found
            self.traces_ahead.update(trace_id for trace_id, _ in found.values())
            self.traces_ahead |= traces_after(tx.connection, tx.sql, tx.owner_id, fresh)
            self.traces_ahead -= self.traces_seen

    def walk(self) -> None:
        """Go on until nothing lies ahead."""
        while self.traces_ahead or self.runs_ahead or self.copies_ahead:
            self._step()

    def _step(self) -> None:
        """Read the rows of every trace and run, and every copy, that lies ahead."""
        calls, self.copies_ahead = self.copies_ahead, []
        traces, self.traces_ahead = sorted(self.traces_ahead), set()
        runs, self.runs_ahead = sorted(self.runs_ahead), set()
        self.traces_seen.update(traces)
        self.runs_seen.update(runs)
        sql = self.tx.sql
        found = self._read(sql.rows_of_traces, traces)
        found += self._read(sql.rows_sent_for_runs, runs)
        found += self._read(sql.rows_of_runs, runs)
        found += self._new_rows(self.tracers.rows_like(self.tx, calls))
        self.copies_ahead += found
        self.reach(found)

    def _read(self, statement: str, wanted: list[str]) -> list[Row]:
        if not wanted:
            return []
        tx = self.tx
        return self._new_rows(
            tx.connection.exec_driver_sql(statement, tx.sql.among(wanted, tx.owner_id))
        )

    def _new_rows(self, found: Iterable[Sequence[Any]]) -> list[Row]:
        rows: list[Row] = []
        for raw_uid, *values in found:
            uid = self.tx.sql.uid_of(raw_uid)
            if uid not in self.rows:
                self.rows[uid] = row = stored_row((uid, *values))
                rows.append(row)
        return rows

    def reach(self, rows: Sequence[Row]) -> None:
        """Put the traces and runs of these rows ahead."""
        self.traces_ahead |= _known(row.entry.trace_id for row in rows) - self.traces_seen
        self.ahead_of_runs(row.entry.run_hint for row in rows)
        self.ahead_of_runs(row.placement.run_id for row in rows if row.placement is not None)

    def ahead_of_runs(self, run_ids: Iterable[str | None]) -> None:
        """Put these runs ahead, where they have not been read yet."""
        self.runs_ahead |= _known(run_ids) - self.runs_seen


def _known(ids: Iterable[str | None]) -> set[str]:
    return {one for one in ids if one is not None}
