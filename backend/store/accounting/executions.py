"""Which events tell the same execution of a tool.

A client's span inside the framework's is the same execution. A log record is the same as a span
with its call's id, in whatever trace; where one of the two has no id, as a span of the same tool
in the same trace at the same time.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from uuid import UUID

from backend.store.accounting.copies import (
    LOG_LAG_US,
    SAME_CALL_WINDOW_US,
    Copy,
    gap_us,
    repeats,
    response_key,
    richest_first,
)
from backend.store.accounting.entries import Entry, SetAside
from backend.store.accounting.tree import Span


def find_executions(tools: Iterable[Span]) -> dict[UUID, Copy]:
    """Return the events that repeat an execution which another one tells, each with that one."""
    executions = list(tools)
    found = {
        span.entries[0].uid: above.entries[0]
        for span in executions
        if not span.is_log and (above := _same_tool_above(span)) is not None
    }
    if any(span.is_log for span in executions):
        single = [span.entries[0] for span in executions if span.entries[0].uid not in found]
        by_id = repeats(single, response_key, _is_logged, _failed_first)
        rest = [entry for entry in single if entry.uid not in by_id]
        found |= by_id | repeats(rest, _trace_and_tool, _is_logged_then, _failed_first)
    return {uid: (kept, SetAside.SAME_EXECUTION) for uid, kept in found.items()}


def _same_tool_above(span: Span) -> Span | None:
    """Return the outermost tool span of the same name, with no agent and no call in between."""
    found: Span | None = None
    for above in span.ancestors():
        if above.is_agent or above.is_call:
            break
        if above.is_tool and _is_same_tool(span.entries[0], above.entries[0]):
            found = above
    return found


def _is_same_tool(one: Entry, other: Entry) -> bool:
    return one.tool is not None and one.tool == other.tool and one.scope != other.scope


def _is_logged(one: Entry, other: Entry) -> bool:
    """Whether one is a log of what the other, a span, tells with the same id."""
    near = abs(one.created_us - other.created_us) <= SAME_CALL_WINDOW_US
    return one.is_log != other.is_log and near


def _trace_and_tool(entry: Entry) -> Hashable | None:
    return None if entry.trace_id is None or entry.tool is None else (entry.trace_id, entry.tool)


def _is_logged_then(one: Entry, other: Entry) -> bool:
    """Whether one is a log of what the other, a span, tells of that time, and no ids part them."""
    ids_part = None not in (one.response_id, other.response_id)
    return not ids_part and one.is_log != other.is_log and gap_us(one, other) <= LOG_LAG_US


def _failed_first(entry: Entry) -> tuple[object, ...]:
    """Order by what is told: a span may not know that its tool failed."""
    return (entry.status != "error", *richest_first(entry))
