"""The spans of a run that made no event of their own."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from backend.store.statements import Statements

Key = tuple[str, str]


def links_of(
    connection: Connection, sql: Statements, owner_id: int, trace_ids: Iterable[str]
) -> dict[Key, Key]:
    """Return (trace id, span id) → the same of the parent, of spans without events in these traces.

    A parent in another trace is the span after which the run goes on in this one.
    """
    found = connection.exec_driver_sql(
        sql.links_of_traces, sql.among(sorted(set(trace_ids)), owner_id)
    )
    return {
        (trace_id, span_id): (parent_trace_id or trace_id, parent_span_id)
        for trace_id, span_id, parent_trace_id, parent_span_id in found
    }


def traces_after(
    connection: Connection, sql: Statements, owner_id: int, trace_ids: Iterable[str]
) -> set[str]:
    """Return the traces in which a run of these traces goes on."""
    found = connection.exec_driver_sql(
        sql.traces_after, sql.among(sorted(set(trace_ids)), owner_id)
    )
    return {trace_id for (trace_id,) in found}
