"""Which events tell the same execution of a tool.

A client's span inside the framework's is the same execution, and so are the spans of two tracers
side by side at the same time in one trace. A log record is told as the same by the id of its call,
in whatever trace; where one of the two has none, as such a span.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable

from backend.store.accounting.copies import (
    Copy,
    Telling,
    have_one_scope,
    joined,
    response_key,
    richest_first,
)
from backend.store.accounting.entries import Entry, SetAside, Uid
from backend.store.accounting.likeness import LOG_LAG_US, SAME_CALL_WINDOW_US, gap_us
from backend.store.accounting.tree import Span


def find_executions(tools: Iterable[Span]) -> dict[Uid, Copy]:
    """Return the events that repeat an execution which another one tells, each with that one.

    Of nested spans the outer one is kept: a client's span inside the framework's.
    """
    spans = list(tools)
    if have_one_scope(spans):
        return {}
    kept = {
        span.entries[0].uid: above.entries[0]
        for span in spans
        if not span.is_log and (above := _same_tool_above(span)) is not None
    }
    rest = [Telling.of(span.entries[:1]) for span in spans if span.entries[0].uid not in kept]
    for key_of, is_same in ((response_key, _is_logged), (_execution_key, _ran_at_once)):
        repeats, rest = joined(rest, key_of, is_same, kept_first=_failed_log_first)
        kept |= repeats
    return {uid: (entry, SetAside.SAME_EXECUTION) for uid, entry in kept.items()}


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


def _execution_key(entry: Entry) -> Hashable | None:
    """Return what the tellings of one execution have in common; None where too little is known."""
    if not (entry.tool and entry.scope and entry.resource):
        return None
    return (entry.trace_id, entry.resource, entry.tool)


def _ran_at_once(one: Entry, other: Entry) -> bool:
    """Whether the two ran at the same time; for a log, about then, and no ids part them."""
    if not (one.is_log or other.is_log):
        return gap_us(one, other) <= 0
    ids_part = None not in (one.response_id, other.response_id)
    return one.is_log != other.is_log and not ids_part and gap_us(one, other) <= LOG_LAG_US


def _failed_log_first(entry: Entry) -> tuple[object, ...]:
    """Order by what is told: a program's spans may not know that a tool failed, its logs do."""
    is_failed_log = entry.is_log and entry.status == "error"
    return (not is_failed_log, *richest_first(entry))
