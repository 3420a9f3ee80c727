"""`/api/obs/events`: what came in, newest first."""

from __future__ import annotations

from flask import Blueprint, Response, request

from backend.answers import answer
from backend.auth.access import with_reader
from backend.metrics.owner import zone_of
from backend.metrics.query import Query
from backend.metrics.shapes import event_json, place_json
from backend.services import services
from backend.store import EventFilter
from otel_bridge.event import EVENT_STATUSES, EVENT_TYPES

blueprint = Blueprint("events", __name__, url_prefix="/api/obs/events")


@blueprint.get("")
@with_reader
def events(owner_id: int) -> Response:
    """Answer a page of events."""
    app = services()
    query = Query(request.args, zone_of(app.engine, owner_id))
    page = query.page("event")
    found = app.store.events(
        owner_id, _wanted(query), limit=page.limit, offset=page.offset, cursor=page.cursor
    )
    return answer(
        {"events": [event_json(event) for event in found.events], **place_json(page, found)}
    )


def _wanted(query: Query) -> EventFilter:
    window = query.window()
    return EventFilter(
        agent_id=query.integer("agent_id", at_least=1),
        event_type=query.choice("event_type", EVENT_TYPES),
        status=query.choice("status", EVENT_STATUSES),
        run_id=query.run_id(),
        model=query.text("model"),
        warning=query.code("warning"),
        start_us=window.start_us,
        end_us=window.end_us,
    )
