"""The table of agents' days: cut from the roll-ups in the owner's time zone, as often as wanted."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta, tzinfo
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from backend.models import AgentDailyMetrics, DirtyDay, User
from backend.store.heartbeats import last_heartbeats
from backend.store.measures import measure
from backend.store.sums import Group
from backend.store.transactions import Transaction
from backend.store.windows import DAY_US, Window, day_at, day_window, zone_named

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


def aggregate_days(tx: Transaction, days: Iterable[date]) -> int:
    """Write the owner's local days anew; return how many rows they have now."""
    zone = zone_of(tx.connection, tx.owner_id)
    return sum(_aggregate_day(tx, day, zone) for day in sorted(set(days)))


def aggregate_recent(tx: Transaction) -> Aggregated:
    """Write today, yesterday and every day whose events changed since the last time."""
    zone = zone_of(tx.connection, tx.owner_id)
    today = day_at(tx.now_us, zone)
    yesterday = today - _ONE_DAY
    numbers = list(
        tx.connection.scalars(select(DirtyDay.day).where(DirtyDay.user_id == tx.owner_id))
    )
    late = _local_days(numbers, zone) - {today, yesterday}
    tx.connection.execute(delete(DirtyDay).where(DirtyDay.user_id == tx.owner_id))
    return Aggregated(
        today=_aggregate_day(tx, today, zone),
        yesterday=_aggregate_day(tx, yesterday, zone),
        late=sum(_aggregate_day(tx, day, zone) for day in sorted(late)),
    )


def zone_of(connection: Connection, owner_id: int) -> tzinfo:
    """Return the owner's time zone."""
    name = connection.scalar(select(User.timezone).where(User.id == owner_id))
    return zone_named(name or "UTC")


def _local_days(numbers: Sequence[int], zone: tzinfo) -> set[date]:
    """Return the local days that touch these UTC days: two at most, as no offset is a day."""
    return {
        day_at(time_us, zone)
        for number in numbers
        for time_us in (number * DAY_US, (number + 1) * DAY_US - 1)
    }


def _aggregate_day(tx: Transaction, day: date, zone: tzinfo) -> int:
    window = day_window(day, zone)
    groups = measure(tx.connection, tx.owner_id, window=window, group_by=("agent_id",))
    models = _models_used(tx, window)
    heartbeats = last_heartbeats(tx.connection, tx.owner_id, window=window, zone=zone)
    rows = [
        {
            **_key_of(tx, day, group.key["agent_id"]),
            **_figures(group),
            "models_used": _as_json(models[group.key["agent_id"]]),
            "last_heartbeat_us": heartbeats.get((day, group.key["agent_id"])),
            "aggregated_us": tx.now_us,
        }
        for group in groups
    ]
    tx.connection.execute(
        delete(AgentDailyMetrics).where(
            AgentDailyMetrics.user_id == tx.owner_id, AgentDailyMetrics.day == day
        )
    )
    if rows:
        tx.connection.execute(insert(AgentDailyMetrics), rows)
    return len(rows)


def _models_used(tx: Transaction, window: Window) -> dict[int | None, dict[str, int]]:
    used: dict[int | None, dict[str, int]] = defaultdict(dict)
    for group in measure(tx.connection, tx.owner_id, window=window, group_by=("agent_id", "model")):
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
