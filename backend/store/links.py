"""The spans of a run that made no event of their own."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, select

from backend.models import SpanLinkRow
from backend.store.statements import chunks


def links_of(
    connection: Connection, owner_id: int, trace_ids: Iterable[str]
) -> dict[tuple[str, str], tuple[str, str]]:
    """Return (trace id, span id) → the same of the parent, of spans without events in these traces.

    A parent in another trace is the span after which the run goes on in this one.
    """
    links: dict[tuple[str, str], tuple[str, str]] = {}
    columns = SpanLinkRow.__table__.c
    wanted = select(
        columns.trace_id, columns.span_id, columns.parent_trace_id, columns.parent_span_id
    )
    for some in chunks(sorted(set(trace_ids))):
        found = connection.execute(
            wanted.where(SpanLinkRow.user_id == owner_id, SpanLinkRow.trace_id.in_(some))
        )
        for trace_id, span_id, parent_trace_id, parent_span_id in found:
            links[trace_id, span_id] = (parent_trace_id or trace_id, parent_span_id)
    return links


def traces_after(connection: Connection, owner_id: int, trace_ids: Iterable[str]) -> set[str]:
    """Return the traces in which a run of these traces goes on."""
    found: set[str] = set()
    for some in chunks(sorted(set(trace_ids))):
        found.update(
            connection.scalars(
                select(SpanLinkRow.trace_id).where(
                    SpanLinkRow.user_id == owner_id, SpanLinkRow.parent_trace_id.in_(some)
                )
            )
        )
    return found
