"""The table of agents' days: cut from the roll-ups in the owner's time zone, as often as wanted."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select

from backend.models import AgentDailyMetrics, DirtyDay
from backend.store.heartbeats import last_heartbeats
from backend.store.measures import measure
from backend.store.sums import Group, Where
from backend.store.transactions import Transaction
from backend.store.windows import Window, day_at, day_of_number, day_window, number_of_day
from backend.store.zones import zone_of

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Aggregated:
    """How many rows of agents' days were written."""

    today: int = 0
    yesterday: int = 0
    late: int = 0

    def __add__(self, other: Aggregated) -> Aggregated:
        return Aggregated(
            self.today + other.today, self.yesterday + other.yesterday, self.late + other.late
        )


def changed_days(connection: Connection, owner_id: int) -> list[date]:
    """Return the owner's days whose events changed since they were aggregated, oldest first."""
    of = DirtyDay
    found = connection.scalars(select(of.day).where(of.user_id == owner_id).order_by(of.day))
    return [day_of_number(number) for number in found]


def recent_rows(connection: Connection, owner_id: int, *, now_us: int) -> dict[date, int]:
    """Return how many rows the owner's today and yesterday have, in this order."""
    today = day_at(now_us, zone_of(connection, owner_id))
    of = AgentDailyMetrics
    return {
        day: connection.scalar(
            select(func.count()).select_from(of).where(of.user_id == owner_id, of.day == day)
        )
        or 0
        for day in (today, today - _ONE_DAY)
    }


def aggregate_day(tx: Transaction, day: date) -> int:
    """Write the rows of one of the owner's days anew; return how many it has now."""
    of = DirtyDay
    # Whoever changes an event of the day later marks it again, and waits until this is committed.
    tx.connection.execute(delete(of).where(of.user_id == tx.owner_id, of.day == number_of_day(day)))
    rows = _rows(tx, day)
    tx.connection.execute(
        delete(AgentDailyMetrics).where(
            AgentDailyMetrics.user_id == tx.owner_id, AgentDailyMetrics.day == day
        )
    )
    if rows:
        tx.connection.execute(insert(AgentDailyMetrics), rows)
    return len(rows)


def _rows(tx: Transaction, day: date) -> list[dict[str, Any]]:
    window = day_window(day, tx.zone)
    groups = measure(
        tx.connection,
        tx.owner_id,
        window=window,
        group_by=("agent_id",),
        latencies_of=("llm_call",),
    )
    models = _models_used(tx, window)
    heartbeats = last_heartbeats(tx.connection, tx.owner_id, window=window, zone=tx.zone)
    return [
        {
            **_key_of(tx, day, group.key["agent_id"]),
            **_figures(group),
            "models_used": _as_json(models[group.key["agent_id"]]),
            "last_heartbeat_us": heartbeats.get((day, group.key["agent_id"])),
            "aggregated_us": tx.now_us,
        }
        for group in groups
    ]


def _models_used(tx: Transaction, window: Window) -> dict[int | None, dict[str, int]]:
    used: dict[int | None, dict[str, int]] = defaultdict(dict)
    for group in measure(
        tx.connection,
        tx.owner_id,
        window=window,
        group_by=("agent_id", "model"),
        where=Where(event_type="llm_call"),
        latencies_of=(),
    ):
        if group.sums.llm_calls:
            models, name = used[group.key["agent_id"]], group.key["model"] or "unknown"
            models[name] = models.get(name, 0) + group.sums.llm_calls
    return used


def _as_json(models: dict[str, int]) -> str:
    return json.dumps(models, ensure_ascii=False, sort_keys=True)


def _key_of(tx: Transaction, day: date, agent_id: int | None) -> dict[str, Any]:
    return {
        "user_id": tx.owner_id,
        "day": day,
        "agent_key": agent_id or 0,
        "agent_id": agent_id,
    }


def _figures(group: Group) -> dict[str, Any]:
    sums = group.sums
    return {
        "total_runs": sums.runs,
        "successful_runs": sums.runs - sums.runs_failed,
        "failed_runs": sums.runs_failed,
        "total_events": sums.total_events,
        "errors": sums.errors,
        "llm_calls": sums.llm_calls,
        "llm_errors": sums.llm_errors,
        "total_tool_calls": sums.tool_calls,
        "tool_errors": sums.tool_errors,
        "unpriced_calls": sums.unpriced_calls,
        "total_tokens_in": sums.tokens_in,
        "total_tokens_out": sums.tokens_out,
        "total_tokens_cache_read": sums.tokens_cache_read,
        "total_tokens_cache_write": sums.tokens_cache_write,
        "total_tokens_reasoning": sums.tokens_reasoning,
        "total_cost_nusd": sums.cost_nusd,
        "latency_p50_ms": group.llm_latency.quantile(0.5),
        "latency_p95_ms": group.llm_latency.quantile(0.95),
        "latency_avg_ms": group.llm_latency_avg_ms,
    }
