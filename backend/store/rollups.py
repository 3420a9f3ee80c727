"""Sums per quarter-hour: what one event adds to them, and how the difference is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import delete

from backend.models import LatencyRollup, Rollup, WarningRollup
from backend.store.accounting import SetAside
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


class WarningKey(NamedTuple):
    """The key of a count of warnings within its owner."""

    bucket_us: int
    code: str
    scope: str
    provider: str
    model: str


@dataclass(slots=True)
class Deltas:
    """Differences to the roll-ups, collected row by row."""

    sums: dict[Key, list[int]] = field(default_factory=dict)
    latencies: dict[LatencyKey, int] = field(default_factory=dict)
    warnings: dict[WarningKey, int] = field(default_factory=dict)
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
        if row.warnings is not None or placement.set_aside_reason is not None:
            self._change_warnings(row, placement, key, sign)
        if not placement.counted and _tells_nothing_new(placement):
            return
        sums[1] += sign
        if placement.counted:
            _change_usage(sums, placement, sign)
        if row.latency_ms is not None:
            sums[9] += sign * row.latency_ms
            if placement.event_type in TIMED_TYPES:
                timed = _latency_key(key, row.latency_ms)
                self.latencies[timed] = self.latencies.get(timed, 0) + sign

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
    """Return the roll-up that an event belongs to."""
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


def _latency_key(key: Key, latency_ms: int) -> LatencyKey:
    bucket_us, agent_id, event_type, _status, provider, model, tool = key
    return LatencyKey(bucket_us, agent_id, event_type, provider, model, tool, bucket_of(latency_ms))


def _change_usage(sums: list[int], placement: Placement, sign: int) -> None:
    sums[2] += sign * (placement.tokens_in or 0)
    sums[3] += sign * (placement.tokens_out or 0)
    sums[4] += sign * (placement.tokens_cache_read or 0)
    sums[5] += sign * (placement.tokens_cache_write or 0)
    sums[6] += sign * (placement.tokens_reasoning or 0)
    sums[7] += sign * (placement.cost_nusd or 0)
    if is_unpriced(placement):
        sums[8] += sign


def is_unpriced(placement: Placement) -> bool:
    """Whether a call has no known cost. A failed one without tokens cost nothing to be named."""
    if placement.cost_nusd is not None or placement.event_type != "llm_call":
        return False
    knows_tokens = placement.tokens_in is not None or placement.tokens_out is not None
    return placement.status != "error" or knows_tokens


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
    warnings = [
        (tx.owner_id, *key, deltas.warnings[key])
        for key in sorted(deltas.warnings)
        if deltas.warnings[key]
    ]
    if warnings:
        tx.connection.exec_driver_sql(tx.sql.add_to_warning_rollups, warnings)
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
        tx.connection.execute(
            delete(WarningRollup).where(
                WarningRollup.user_id == tx.owner_id,
                WarningRollup.bucket_us.in_(some),
                WarningRollup.n == 0,
            )
        )
