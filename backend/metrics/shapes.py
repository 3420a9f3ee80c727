"""Events and runs as the API shows them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from backend.answers import moment, nano_money
from backend.metrics.query import Page
from backend.store import EventPage, RunPage, StoredEvent, StoredRun


def place_json(asked: Page, found: EventPage | RunPage) -> dict[str, Any]:
    """Return where a page stands in its list, and the cursor of the next one."""
    return {
        "total": found.total,
        "limit": asked.limit,
        "offset": asked.offset,
        "next_cursor": found.next_cursor.encode() if found.next_cursor else None,
    }


def event_json(event: StoredEvent) -> dict[str, Any]:
    """Return an event as a JSON object."""
    return {
        "id": str(UUID(bytes=event.uid)),
        "event_type": event.event_type,
        "status": event.status,
        "name": event.name,
        "agent_id": event.agent_id,
        "agent": event.agent,
        "run_id": event.run_id,
        "provider": event.provider,
        "model": event.model,
        "tool": event.tool,
        "tokens_in": event.tokens_in,
        "tokens_out": event.tokens_out,
        "tokens_cache_read": event.tokens_cache_read,
        "tokens_cache_write": event.tokens_cache_write,
        "tokens_reasoning": event.tokens_reasoning,
        "session": event.session,
        "cost_usd": nano_money(event.cost_nusd),
        "cost_source": event.cost_source,
        "latency_ms": event.latency_ms,
        "error_message": event.error_message,
        "payload": _payload(event),
        "counted": event.counted,
        "set_aside_reason": event.set_aside_reason,
        "warnings": event.warnings.split() if event.warnings else [],
        "as_sent": None if event.as_sent is None else msgspec.Raw(event.as_sent.encode()),
        "dedupe_key": event.dedupe_key,
        "trace_id": event.trace_id,
        "span_id": event.span_id,
        "parent_span_id": event.parent_span_id,
        "operation": event.operation,
        "created_at": moment(event.created_us),
        "started_at": moment(event.started_us),
        "received_at": moment(event.received_us),
    }


def _payload(event: StoredEvent) -> msgspec.Raw | dict[str, Any]:
    """Return the payload as it was sent, with what the server decided of the cost and found odd."""
    decided = {"cost_source": event.cost_source, "price_version": event.price_version}
    known: dict[str, Any] = {name: value for name, value in decided.items() if value is not None}
    if event.warnings:
        known["warnings"] = event.warnings.split()
    if not known:
        return msgspec.Raw(event.payload.encode())
    payload: dict[str, Any] = msgspec.json.decode(event.payload)
    return {name: value for name, value in payload.items() if name not in decided} | known


def run_json(run: StoredRun) -> dict[str, Any]:
    """Return a run as a JSON object."""
    return {
        "run_id": run.run_id,
        "agent_id": run.agent_id,
        "agent": run.agent,
        "status": run.status,
        "model": run.model,
        "total_tokens_in": run.total_tokens_in,
        "total_tokens_out": run.total_tokens_out,
        "total_cost_usd": nano_money(run.total_cost_nusd),
        "total_latency_ms": run.total_latency_ms,
        "events_count": run.events_count,
        "llm_calls_count": run.llm_calls_count,
        "tool_calls_count": run.tool_calls_count,
        "error_message": run.error_message,
        "started_at": moment(run.started_us),
        "finished_at": moment(run.finished_us),
        "last_event_at": moment(run.last_us),
        "stuck": run.is_stuck,
    }
