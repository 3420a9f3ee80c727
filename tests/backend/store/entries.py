"""Entries of accounting, for tests of what is decided of them."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID, uuid5

from msgspec.structs import replace

from backend.store.accounting import Decision, Entry, Uid, decide
from otel_bridge.facts import Operation

TRACE = "a" * 32
_NAMES = UUID("00000000-0000-0000-0000-000000000001")
_TYPES = {
    Operation.LOOP: "action_finished",
    Operation.AGENT: "action_finished",
    Operation.WORKFLOW: "action_finished",
    Operation.STEP: "action_finished",
    Operation.TOOL: "tool_call",
}


def uid_of(name: str) -> Uid:
    """Return an identity that is always the same for a name."""
    return uuid5(_NAMES, name).bytes


def entry(
    span_id: str,
    operation: Operation,
    *,
    parent: str | None = None,
    agent: str | None = None,
    tokens: int | None = None,
    **fields: object,
) -> Entry:
    """Return the event of a span, with that many tokens in and out."""
    made = Entry(
        uid=uid_of(span_id),
        event_type=_TYPES.get(operation, "llm_call"),
        status="success",
        created_us=1000,
        operation=operation.value,
        trace_id=TRACE,
        span_id=span_id,
        parent_span_id=parent,
        agent=agent,
        tokens_in=tokens,
        tokens_out=tokens,
        default_agent="service",
    )
    return replace(made, **fields)


def within_traces(links: dict[tuple[str, str], str]) -> dict[tuple[str, str], tuple[str, str]]:
    """Return links as accounting takes them: trace and span of each parent."""
    return {(trace, span): (trace, parent) for (trace, span), parent in links.items()}


def decided(
    entries: Iterable[Entry], links: dict[tuple[str, str], str] | None = None
) -> dict[str, Decision]:
    """Return the decisions by span id."""
    listed = list(entries)
    decisions = decide(listed, within_traces(links or {}))
    return {one.span_id or one.uid.hex(): decisions[one.uid] for one in listed}


def reasons(entries: Iterable[Entry]) -> dict[str, str | None]:
    """Return why each span was set aside, None where it counts."""
    return {key: one.set_aside_reason for key, one in decided(entries).items()}
