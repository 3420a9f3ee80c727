"""`/api/obs/metrics`: sums, for people and for keys with scope read."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta

from flask import Blueprint, Response, request

from backend.agent_json import agent_json
from backend.answers import answer
from backend.auth.access import with_reader
from backend.clock import now_us
from backend.errors import ApiError
from backend.metrics.daily import Days, daily_rows, model_rows, tool_rows
from backend.metrics.overview import overview_json
from backend.metrics.owner import agent_of, unacknowledged_alerts, zone_of
from backend.metrics.query import Query
from backend.metrics.shapes import event_json
from backend.services import services
from backend.store import EVERYTHING, EventFilter, Where, day_at

blueprint = Blueprint("metrics", __name__, url_prefix="/api/obs/metrics")

_RECENT_EVENTS = 50


@blueprint.get("/overview")
@with_reader
def overview(owner_id: int) -> Response:
    """Answer today and the last seven days."""
    app = services()
    return answer(
        overview_json(
            app.store,
            owner_id,
            now_us=now_us(),
            zone=zone_of(app.engine, owner_id),
            unacknowledged_alerts=unacknowledged_alerts(app.engine, owner_id),
        )
    )


@blueprint.get("/agents")
@with_reader
def agents(owner_id: int) -> Response:
    """Answer a row per day and agent, newest first."""
    days = _days(owner_id, default_days=7)
    rows = daily_rows(services().store, owner_id, days=days, where=EVERYTHING)
    return answer({"metrics": rows})


@blueprint.get("/agent/<id:agent_id>")
@with_reader
def agent(owner_id: int, agent_id: int) -> Response:
    """Answer one agent's days, oldest first, and its newest events."""
    app = services()
    row = agent_of(app.engine, owner_id, agent_id=agent_id)
    if row is None:
        raise ApiError(404, f"you have no agent with id {agent_id}")
    days = _days(owner_id, default_days=30)
    rows = daily_rows(app.store, owner_id, days=days, where=Where(agent_id=agent_id))
    recent = app.store.events(owner_id, EventFilter(agent_id=agent_id), limit=_RECENT_EVENTS)
    events = [event_json(event) for event in recent.events]
    return answer({"agent": agent_json(row), "metrics": rows[::-1], "recent_events": events})


@blueprint.get("/models")
@with_reader
def models(owner_id: int) -> Response:
    """Answer a row per provider and model, the dearest first."""
    days = _days(owner_id, default_days=7)
    return answer({"models": model_rows(services().store, owner_id, days=days)})


@blueprint.get("/tools")
@with_reader
def tools(owner_id: int) -> Response:
    """Answer a row per tool, the busiest first."""
    days = _days(owner_id, default_days=7)
    return answer({"tools": tool_rows(services().store, owner_id, days=days)})


@blueprint.get("/warnings")
@with_reader
def warnings(owner_id: int) -> Response:
    """Answer what the mapping could not make sense of and what was set aside, by tracer."""
    start_us, end_us = _days(owner_id, default_days=7).span_us
    found = services().store.warnings(owner_id, start_us=start_us, end_us=end_us)
    return answer({"warnings": [asdict(count) for count in found]})


def _days(owner_id: int, *, default_days: int) -> Days:
    """Return the days that were asked for; none lies after tomorrow, as no event does."""
    zone = zone_of(services().engine, owner_id)
    today = day_at(now_us(), zone)
    query = Query(request.args, zone)
    first, last = query.days(today=today, default_days=default_days)
    tomorrow = today + timedelta(days=1)
    return Days(min(first, tomorrow), min(last, tomorrow), zone)
