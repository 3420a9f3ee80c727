"""What an event says that its span did."""

from __future__ import annotations

from backend.store.accounting.entries import PHASE, Entry
from otel_bridge.facts import Operation

#: Requests to a model.
CALLS = frozenset({Operation.CHAT, Operation.EMBEDDINGS, Operation.RERANK})


def told_operation(entry: Entry) -> str | None:
    """Return what the event says that its span did; only an `llm_call` can tell a call."""
    is_call = entry.event_type == "llm_call"
    return entry.operation if is_call or entry.operation not in CALLS else None


def operation_of(entry: Entry) -> str | None:
    """Return the operation; of an event that was posted without one, what its type implies."""
    told = told_operation(entry)
    if told is not None:
        return told
    if entry.event_type in PHASE:
        return Operation.AGENT
    return {"llm_call": Operation.CHAT, "tool_call": Operation.TOOL}.get(entry.event_type)
