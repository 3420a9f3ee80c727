"""The rows by which other tracers may tell the calls of a group again.

A copy may stand in any trace. With one tracer there are none, and nothing is read: the owner's
tracers are a short list of their own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from backend.store.accounting import (
    LOG_LAG_US,
    MAX_OVERHANG_US,
    SAME_CALL_WINDOW_US,
    Entry,
    is_log_scope,
    likeness_of,
    outputs_of,
    start_of,
)
from backend.store.rows import Row
from backend.store.transactions import Transaction

#: More tracers than any program has: a client that invents names must not slow the others down.
MAX_TRACERS = 64


class Probe(NamedTuple):
    """A search for rows under a key that ended in a time and began before its end."""

    key: str
    first_end_us: int
    last_end_us: int
    last_start_us: int


def likeness_key(entry: Entry) -> str | None:
    """Return the key under which a call is found by those who do not know its response id."""
    likeness = likeness_of(entry)
    if likeness is None:
        return None
    return _digest(entry.scope or "", likeness, entry.tokens_out or None)


def _digest(scope: str, likeness: tuple[object, ...], tokens_out: int | None) -> str:
    """Return the key of a scope's calls: a log's may tell another output than the span's."""
    told = (scope, *likeness) if is_log_scope(scope) else (scope, *likeness, tokens_out)
    return hashlib.blake2b("\0".join(map(str, told)).encode(), digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True)
class Tracers:
    """The instrumentation scopes by which an owner's calls are told; "" for calls without one."""

    scopes: frozenset[str]

    @classmethod
    def with_those_of(cls, tx: Transaction, rows: Iterable[Row]) -> Tracers:
        """Return the owner's tracers, those of the new rows recorded among them."""
        seen = {
            row.entry.scope or ""
            for row in rows
            if row.entry.event_type == "llm_call" or row.entry.is_log
        }
        known = {
            scope for (scope,) in tx.connection.exec_driver_sql(tx.sql.tracers, (tx.owner_id,))
        }
        new = sorted(seen - known)[: max(0, MAX_TRACERS - len(known))]
        if new:
            tx.connection.exec_driver_sql(
                tx.sql.insert_tracers, [(tx.owner_id, scope) for scope in new]
            )
        return cls(frozenset(known.union(new)))

    @property
    def write_logs(self) -> bool:
        """Whether any of them tells its calls by logs."""
        return any(map(is_log_scope, self.scopes))

    def rows_like(self, tx: Transaction, rows: Sequence[Row]) -> Iterator[Sequence[Any]]:
        """Yield the raw values of rows that may tell one of these calls or executions again."""
        if len(self.scopes) < 2 and not self.write_logs:
            return
        calls = [row.entry for row in rows if row.entry.event_type == "llm_call"]
        tools = [row.entry for row in rows if row.entry.event_type == "tool_call"]
        told = [*calls, *tools] if self.write_logs else calls
        responses = {probe for entry in told for probe in _by_response(entry)}
        likenesses = {probe for call in calls for probe in self._by_likeness(call)}
        yield from _rows(tx, tx.sql.rows_of_responses, responses)
        yield from _rows(tx, tx.sql.rows_of_likeness, likenesses)

    def _by_likeness(self, call: Entry) -> Iterator[Probe]:
        likeness = likeness_of(call)
        if likeness is None:
            return
        start_us, end_us = start_of(call), call.created_us
        outputs = outputs_of(call) if call.is_log else {call.tokens_out or None}
        for scope in self.scopes - {"", call.scope}:
            lag_us = LOG_LAG_US if call.is_log or is_log_scope(scope) else 0
            for key in {_digest(scope, likeness, tokens_out) for tokens_out in outputs}:
                yield Probe(key, start_us - lag_us, end_us + MAX_OVERHANG_US, end_us + lag_us)


def _by_response(call: Entry) -> Iterator[Probe]:
    if call.response_id is not None:
        last_us = call.created_us + SAME_CALL_WINDOW_US
        yield Probe(call.response_id, call.created_us - SAME_CALL_WINDOW_US, last_us, last_us)


def _rows(tx: Transaction, statement: str, probes: Iterable[Probe]) -> Iterator[Sequence[Any]]:
    joined = _joined(probes)
    if joined:
        yield from tx.connection.exec_driver_sql(statement, tx.sql.among(joined, tx.owner_id))


def _joined(probes: Iterable[Probe]) -> list[Probe]:
    """Join searches for one key whose times overlap, so that no row is read for each of them."""
    joined: list[Probe] = []
    for probe in sorted(probes):
        key, first_end_us, last_end_us, last_start_us = joined[-1] if joined else probe
        if joined and probe.key == key and probe.first_end_us <= last_start_us:
            last_end_us = max(last_end_us, probe.last_end_us)
            last_start_us = max(last_start_us, probe.last_start_us)
            joined[-1] = Probe(key, first_end_us, last_end_us, last_start_us)
        else:
            joined.append(probe)
    return joined
