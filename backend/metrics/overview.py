"""The overview: today and the last seven days, from the same sums as every page."""

from __future__ import annotations

from datetime import date, timedelta, tzinfo
from typing import Any

from backend.answers import nano_money
from backend.store import EventStore, Sums, day_at, day_window

_DAY_US = 24 * 60 * 60 * 1_000_000


def overview_json(
    store: EventStore, owner_id: int, *, now_us: int, zone: tzinfo, unacknowledged_alerts: int
) -> dict[str, Any]:
    """Return the overview as a JSON object; days begin at midnight in `zone`."""
    today = day_at(now_us, zone)
    day = _sums(store, owner_id, today, today, zone)
    week = _sums(store, owner_id, today - timedelta(days=6), today, zone)
    return {
        "today": {
            "cost_usd": nano_money(day.cost_nusd),
            "llm_calls": day.llm_calls,
            "errors": day.errors,
            "total_events": day.total_events,
            "unpriced_calls": day.unpriced_calls,
        },
        "week": {
            "cost_usd": nano_money(week.cost_nusd),
            "total_runs": week.runs,
            "errors": week.errors,
            "unpriced_calls": week.unpriced_calls,
        },
        "active_agents_24h": store.active_agents(owner_id, since_us=now_us - _DAY_US),
        "unacknowledged_alerts": unacknowledged_alerts,
    }


def _sums(store: EventStore, owner_id: int, first: date, last: date, zone: tzinfo) -> Sums:
    start_us, end_us = span_of(first, last, zone)
    (group,) = store.measure(owner_id, start_us=start_us, end_us=end_us, zone=zone, latencies_of=())
    return group.sums


def span_of(first: date, last: date, zone: tzinfo) -> tuple[int, int]:
    """Return the start of `first` and the end of `last`, in Unix microseconds."""
    start_us, end_us = day_window(first, zone).start_us, day_window(last, zone).end_us
    return start_us or 0, end_us or 0
