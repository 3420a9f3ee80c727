"""Rows per day and agent, and per model and tool."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date, tzinfo
from typing import Any

from backend.answers import moment, nano_money
from backend.metrics.overview import span_of
from backend.store import EventStore, Group, Where

_RowKey = tuple[date, int | None]


@dataclass(frozen=True, slots=True)
class Days:
    """Local days from `first` to `last`, both included."""

    first: date
    last: date
    zone: tzinfo

    @property
    def span_us(self) -> tuple[int, int]:
        """Start and end in Unix microseconds."""
        return span_of(self.first, self.last, self.zone)


def daily_rows(
    store: EventStore, owner_id: int, *, days: Days, where: Where
) -> list[dict[str, Any]]:
    """Return a JSON object per day and agent with events, newest first, then by agent id."""
    start_us, end_us = days.span_us
    groups = store.measure(
        owner_id,
        start_us=start_us,
        end_us=end_us,
        group_by=("day", "agent_id"),
        where=where,
        zone=days.zone,
        latencies_of=("llm_call",),
    )
    models = _models_used(store, owner_id, days, where)
    heartbeats = store.last_heartbeats(owner_id, start_us=start_us, end_us=end_us, zone=days.zone)
    groups.sort(key=lambda group: (-group.key["day"].toordinal(), group.key["agent_id"] or 0))
    return [_row(group, models[_key(group)], heartbeats.get(_key(group))) for group in groups]


def _key(group: Group) -> _RowKey:
    return group.key["day"], group.key["agent_id"]


def _models_used(
    store: EventStore, owner_id: int, days: Days, where: Where
) -> defaultdict[_RowKey, dict[str, int]]:
    start_us, end_us = days.span_us
    used: defaultdict[_RowKey, dict[str, int]] = defaultdict(dict)
    for group in store.measure(
        owner_id,
        start_us=start_us,
        end_us=end_us,
        group_by=("day", "agent_id", "model"),
        where=replace(where, event_type="llm_call"),
        zone=days.zone,
        latencies_of=(),
    ):
        if group.sums.llm_calls:
            models, name = used[_key(group)], group.key["model"] or "unknown"
            models[name] = models.get(name, 0) + group.sums.llm_calls
    return used


def _row(group: Group, models: dict[str, int], heartbeat_us: int | None) -> dict[str, Any]:
    sums, latency = group.sums, group.llm_latency
    return {
        "date": group.key["day"].isoformat(),
        "agent_id": group.key["agent_id"],
        "total_runs": sums.runs,
        "successful_runs": sums.runs - sums.runs_failed,
        "failed_runs": sums.runs_failed,
        "success_rate": _rate(sums.runs - sums.runs_failed, sums.runs),
        "error_rate": _rate(sums.runs_failed, sums.runs),
        "total_events": sums.total_events,
        "errors": sums.errors,
        "llm_calls": sums.llm_calls,
        "llm_errors": sums.llm_errors,
        "total_tokens_in": sums.tokens_in,
        "total_tokens_out": sums.tokens_out,
        "total_tokens_cache_read": sums.tokens_cache_read,
        "total_tokens_cache_write": sums.tokens_cache_write,
        "total_tokens_reasoning": sums.tokens_reasoning,
        "total_cost_usd": nano_money(sums.cost_nusd),
        "unpriced_calls": sums.unpriced_calls,
        "total_tool_calls": sums.tool_calls,
        "tool_errors": sums.tool_errors,
        "latency_p50_ms": latency.quantile(0.5),
        "latency_p95_ms": latency.quantile(0.95),
        "latency_avg_ms": group.llm_latency_avg_ms,
        "models_used": models,
        "last_heartbeat_at": moment(heartbeat_us),
    }


def _rate(part: int, whole: int) -> float | None:
    return round(part / whole, 6) if whole else None


def model_rows(store: EventStore, owner_id: int, *, days: Days) -> list[dict[str, Any]]:
    """Return a JSON object per provider and model that was called, dearest first."""
    start_us, end_us = days.span_us
    groups = store.measure(
        owner_id,
        start_us=start_us,
        end_us=end_us,
        group_by=("provider", "model"),
        where=Where(event_type="llm_call"),
        zone=days.zone,
    )
    groups.sort(key=lambda group: (-group.sums.cost_nusd, -group.sums.llm_calls))
    return [_model_row(group) for group in groups if group.sums.llm_calls]


def _model_row(group: Group) -> dict[str, Any]:
    return {
        "provider": group.key["provider"],
        "model": group.key["model"],
        "llm_calls": group.sums.llm_calls,
        "errors": group.sums.llm_errors,
        "tokens_in": group.sums.tokens_in,
        "tokens_out": group.sums.tokens_out,
        "cost_usd": nano_money(group.sums.cost_nusd),
        "unpriced_calls": group.sums.unpriced_calls,
        "latency_p50_ms": group.llm_latency.quantile(0.5),
        "latency_p95_ms": group.llm_latency.quantile(0.95),
    }


def tool_rows(store: EventStore, owner_id: int, *, days: Days) -> list[dict[str, Any]]:
    """Return a JSON object per tool that was called, the busiest first."""
    start_us, end_us = days.span_us
    groups = store.measure(
        owner_id,
        start_us=start_us,
        end_us=end_us,
        group_by=("tool",),
        where=Where(event_type="tool_call"),
        zone=days.zone,
    )
    groups.sort(key=lambda group: -group.sums.tool_calls)
    return [
        {
            "tool": group.key["tool"],
            "calls": group.sums.tool_calls,
            "errors": group.sums.tool_errors,
            "latency_p50_ms": group.tool_latency.quantile(0.5),
            "latency_p95_ms": group.tool_latency.quantile(0.95),
        }
        for group in groups
        if group.sums.tool_calls
    ]
