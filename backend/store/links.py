"""The spans of a run that made no event of their own."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, select

from backend.models import SpanLinkRow
from backend.store.statements import chunks


def links_of(
    connection: Connection, owner_id: int, trace_ids: Iterable[str]
) -> dict[tuple[str, str], str]:
    """Return (trace id, span id) → the parent's span id of spans without events in these traces."""
    links: dict[tuple[str, str], str] = {}
    for some in chunks(sorted(set(trace_ids))):
        found = connection.execute(
            select(SpanLinkRow.trace_id, SpanLinkRow.span_id, SpanLinkRow.parent_span_id).where(
                SpanLinkRow.user_id == owner_id, SpanLinkRow.trace_id.in_(some)
            )
        )
        links.update({(trace_id, span_id): parent for trace_id, span_id, parent in found})
    return links
