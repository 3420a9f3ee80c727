"""Sums per quarter-hour: what one event adds to them, and how the difference is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import delete

from backend.models import LatencyRollup, Rollup
from backend.store.latency import bucket_of
from backend.store.rows import Placement, Row
from backend.store.statements import chunks
from backend.store.transactions import Transaction
from backend.store.windows import QUARTER_US

#: The types that are calls: one that was set aside happened elsewhere, and is only an event here.
CALL_TYPES = frozenset({"llm_call", "tool_call"})
#: The types whose durations have a histogram.
TIMED_TYPES = frozenset({"llm_call", "tool_call", "run_finished"})


class Key(NamedTuple):
    """The key of a roll-up within its owner; its fields are the table's columns."""

    bucket_us: int
    agent_id: int
    event_type: str
    status: str
    provider: str
    model: str
    tool: str


class LatencyKey(NamedTuple):
    """The key of a histogram bucket within its owner."""

    bucket_us: int
    agent_id: int
    event_type: str
    provider: str
    model: str
    tool: str
    latency_bucket: int


SUM_COLUMNS = (
    "events",
    "counted",
    "tokens_in",
    "tokens_out",
    "tokens_cache_read",
    "tokens_cache_write",
    "tokens_reasoning",
    "cost_nusd",
    "unpriced",
    "latency_sum_ms",
)


@dataclass(slots=True)
class Deltas:
    """Differences to the roll-ups, collected row by row."""

    sums: dict[Key, list[int]] = field(default_factory=dict)
    latencies: dict[LatencyKey, int] = field(default_factory=dict)
    shrinks: bool = False

    def add(self, row: Row, placement: Placement) -> None:
        """Add what an event at its place contributes."""
        self._change(row, placement, 1)

    def remove(self, row: Row, placement: Placement) -> None:
        """Take away what an event contributed at the place it had."""
        self.shrinks = True
        self._change(row, placement, -1)

    def _change(self, row: Row, placement: Placement, sign: int) -> None:
        key = key_of(row, placement)
        sums = self.sums.get(key)
        if sums is None:
            sums = self.sums[key] = [0] * len(SUM_COLUMNS)
        sums[0] += sign
        if not placement.counted and placement.event_type in CALL_TYPES:
            return
        sums[1] += sign
        if placement.counted:
            _change_usage(sums, row, placement, sign)
        if row.latency_ms is not None:
            sums[9] += sign * row.latency_ms
            if placement.event_type in TIMED_TYPES:
                timed = _latency_key(key, row.latency_ms)
                self.latencies[timed] = self.latencies.get(timed, 0) + sign


def key_of(row: Row, placement: Placement) -> Key:
    """Return the roll-up that an event belongs to."""
    entry = row.entry
    return Key(
        entry.created_us - entry.created_us % QUARTER_US,
        placement.agent_id or 0,
        placement.event_type,
        entry.status,
        row.provider or "",
        entry.model or "",
        row.tool or "",
    )


def _latency_key(key: Key, latency_ms: int) -> LatencyKey:
    bucket_us, agent_id, event_type, _status, provider, model, tool = key
    return LatencyKey(bucket_us, agent_id, event_type, provider, model, tool, bucket_of(latency_ms))


def _change_usage(sums: list[int], row: Row, placement: Placement, sign: int) -> None:
    entry = row.entry
    sums[2] += sign * (entry.tokens_in or 0)
    sums[3] += sign * (entry.tokens_out or 0)
    sums[4] += sign * (entry.tokens_cache_read or 0)
    sums[5] += sign * (entry.tokens_cache_write or 0)
    sums[6] += sign * (entry.tokens_reasoning or 0)
    sums[7] += sign * (row.cost_nusd or 0)
    if row.cost_nusd is None and placement.event_type == "llm_call":
        # A failed call without tokens cost nothing that anybody could name.
        knows_tokens = entry.tokens_in is not None or entry.tokens_out is not None
        if entry.status != "error" or knows_tokens:
            sums[8] += sign


def write_rollups(tx: Transaction, deltas: Deltas) -> None:
    """Add the differences to the tables, in the order of their keys; empty rows go."""
    sums = [
        (tx.owner_id, *key, *deltas.sums[key])
        for key in sorted(deltas.sums)
        if any(deltas.sums[key])
    ]
    if sums:
        tx.connection.exec_driver_sql(tx.sql.add_to_rollups, sums)
    latencies = [
        (tx.owner_id, *key, deltas.latencies[key])
        for key in sorted(deltas.latencies)
        if deltas.latencies[key]
    ]
    if latencies:
        tx.connection.exec_driver_sql(tx.sql.add_to_latency_rollups, latencies)
    if deltas.shrinks:
        _delete_empty(tx, sorted({key.bucket_us for key in deltas.sums}))


def _delete_empty(tx: Transaction, buckets: Sequence[int]) -> None:
    for some in chunks(buckets):
        tx.connection.execute(
            delete(Rollup).where(
                Rollup.user_id == tx.owner_id, Rollup.bucket_us.in_(some), Rollup.events == 0
            )
        )
        tx.connection.execute(
            delete(LatencyRollup).where(
                LatencyRollup.user_id == tx.owner_id,
                LatencyRollup.bucket_us.in_(some),
                LatencyRollup.n == 0,
            )
        )
