"""What one event adds to the sums of every level, and how the difference is written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

from backend.store.accounting import SetAside
from backend.store.arrays import array_literals
from backend.store.calendars import Calendar
from backend.store.cells import CALL_TYPES, TIMED_TYPES, Cell, Cells, WarningKey, fold
from backend.store.histograms import plus
from backend.store.latency import bucket_of
from backend.store.levels import DAYS, FOLDED, QUARTERS, Key, Level
from backend.store.newest import find_newest
from backend.store.rows import Placement, Row
from backend.store.transactions import Transaction
from backend.store.windows import QUARTER_US


@dataclass(slots=True)
class Deltas:
    """Differences to the sums by quarter-hour, collected row by row."""

    cells: dict[Key, Cell] = field(default_factory=dict)
    warnings: dict[WarningKey, int] = field(default_factory=dict)
    #: Sums that a heartbeat was taken from.
    silenced: set[Key] = field(default_factory=set)

    def add(self, row: Row, placement: Placement) -> None:
        """Add what an event at its place contributes."""
        key = self._change(row, placement, 1)
        if placement.event_type == "heartbeat":
            cell = self.cells[key]
            cell.newest_us = max(cell.newest_us, row.entry.created_us)

    def remove(self, row: Row, placement: Placement) -> None:
        """Take away what an event contributed at the place it had."""
        key = self._change(row, placement, -1)
        if placement.event_type == "heartbeat":
            self.silenced.add(key)

    def _change(self, row: Row, placement: Placement, sign: int) -> Key:
        key = key_of(row, placement)
        cell = self.cells.get(key)
        if cell is None:
            cell = self.cells[key] = Cell()
        sums = cell.sums
        sums[0] += sign
        if row.warnings is not None or placement.set_aside_reason is not None:
            self._change_warnings(row, placement, key, sign)
        if not placement.counted and _tells_nothing_new(placement):
            return key
        sums[1] += sign
        if placement.counted:
            _change_usage(sums, placement, sign)
        if row.latency_ms is not None:
            sums[11] += sign * row.latency_ms
            if placement.event_type in TIMED_TYPES:
                bucket = bucket_of(row.latency_ms)
                cell.latencies[bucket] = cell.latencies.get(bucket, 0) + sign
        return key

    def _change_warnings(self, row: Row, placement: Placement, key: Key, sign: int) -> None:
        codes = row.warnings.split() if row.warnings is not None else []
        if placement.set_aside_reason is not None:
            codes.append(placement.set_aside_reason)
        for code in codes:
            told = WarningKey(key.bucket_us, code, row.entry.scope or "", key.provider, key.model)
            self.warnings[told] = self.warnings.get(told, 0) + sign


def _tells_nothing_new(placement: Placement) -> bool:
    """Whether what was set aside is only an event here: its call or failure is told elsewhere."""
    is_failure = placement.set_aside_reason == SetAside.REPEATS_FAILURE_BELOW
    return is_failure or placement.event_type in CALL_TYPES


def key_of(row: Row, placement: Placement) -> Key:
    """Return the key of the quarter-hour's sums that an event belongs to."""
    created_us = row.entry.created_us
    return Key(
        created_us - created_us % QUARTER_US,
        placement.agent_id or 0,
        placement.event_type,
        placement.status,
        placement.provider or "",
        placement.model or "",
        row.entry.tool or "",
    )


def _change_usage(sums: list[int], placement: Placement, sign: int) -> None:
    tokens_in, tokens_out = sign * (placement.tokens_in or 0), sign * (placement.tokens_out or 0)
    sums[2] += tokens_in
    sums[3] += tokens_out
    sums[4] += sign * (placement.tokens_cache_read or 0)
    sums[5] += sign * (placement.tokens_cache_write or 0)
    sums[6] += sign * (placement.tokens_reasoning or 0)
    sums[7] += sign * (placement.cost_nusd or 0)
    if is_unpriced(placement):
        sums[8] += sign
        sums[9] += tokens_in
        sums[10] += tokens_out


def is_unpriced(placement: Placement) -> bool:
    """Whether a call has no known cost. A failed one without tokens cost nothing to be named."""
    if placement.cost_nusd is not None or placement.event_type != "llm_call":
        return False
    knows_tokens = placement.tokens_in is not None or placement.tokens_out is not None
    return placement.status != "error" or knows_tokens


def write_rollups(tx: Transaction, deltas: Deltas) -> None:
    """Add the differences to every level; sums of nothing go.

    The events must be written before: where a heartbeat was taken away, they tell the one before.
    """
    if not deltas.cells:
        return
    calendar = Calendar(tx.zone)
    changes = folded(deltas.cells, calendar)
    add_cells(tx, changes, _stored_latencies(tx, changes))
    _delete_empty(tx, changes)
    if deltas.silenced:
        find_newest(tx, deltas.silenced, calendar)
    if deltas.warnings:
        days = folded_warnings(deltas.warnings, DAYS, calendar)
        add_warnings(tx, {QUARTERS: deltas.warnings, DAYS: days})


def folded(cells: Cells, calendar: Calendar) -> dict[Level, Cells]:
    """Return sums by quarter-hour as those of every level."""
    found = {QUARTERS: cells}
    for level in FOLDED:
        starts = partial(calendar.start_of, level.step)
        found[level] = fold(found[level.source or QUARTERS], level, starts)
    return found


_Stored = Mapping[tuple[int, Key], bytes]


def add_cells(tx: Transaction, changes: Mapping[Level, Cells], stored: _Stored) -> None:
    """Add cells to the table, in the order of its key; `stored` are the latencies that it has."""
    rows = [
        (
            tx.owner_id,
            level.number,
            *key,
            *cell.sums,
            cell.newest_us,
            plus(stored.get((level.number, key)), cell.latencies) if cell.latencies else None,
        )
        for level in sorted(changes, key=lambda level: level.number)
        for key, cell in sorted(changes[level].items(), key=_by_key)
        if not cell.is_nothing
    ]
    if rows:
        tx.sql.add_to_rollups.write(tx.connection, rows)


def _by_key(item: tuple[Key, Cell]) -> Key:
    return item[0]


def _stored_latencies(tx: Transaction, changes: Mapping[Level, Cells]) -> _Stored:
    """Return the histograms that the changes are added to."""
    wanted = [
        (level.number, key)
        for level, cells in changes.items()
        for key, cell in cells.items()
        if cell.latencies
    ]
    if not wanted:
        return {}
    flat = [(number, *key) for number, key in wanted]
    keys = (json.dumps(flat),) if tx.sql.is_sqlite else array_literals(flat)
    found = tx.connection.exec_driver_sql(tx.sql.stored_latencies, (*keys, tx.owner_id))
    return {wanted[position]: latencies for position, latencies in found}


def _delete_empty(tx: Transaction, changes: Mapping[Level, Cells]) -> None:
    rows = [
        (tx.owner_id, level.number, *key)
        for level, cells in changes.items()
        for key, cell in cells.items()
        if cell.sums[0] < 0
    ]
    if rows:
        tx.connection.exec_driver_sql(tx.sql.delete_empty_rollups, rows)


def add_warnings(tx: Transaction, changes: Mapping[Level, Mapping[WarningKey, int]]) -> None:
    """Add counts to the table, in the order of its key; counts of nothing go."""
    rows = sorted(
        (tx.owner_id, level.number, *key, n)
        for level, counts in changes.items()
        for key, n in counts.items()
        if n
    )
    if rows:
        tx.sql.add_to_warning_rollups.write(tx.connection, rows)
    lower = [row[:-1] for row in rows if row[-1] < 0]
    if lower:
        tx.connection.exec_driver_sql(tx.sql.delete_empty_warning_rollups, lower)


def folded_warnings(
    counts: Mapping[WarningKey, int], level: Level, calendar: Calendar
) -> Mapping[WarningKey, int]:
    """Return counts by quarter-hour as those of a level."""
    found: dict[WarningKey, int] = {}
    for key, n in counts.items():
        at = key._replace(bucket_us=calendar.start_of(level.step, key.bucket_us))
        found[at] = found.get(at, 0) + n
    return found
