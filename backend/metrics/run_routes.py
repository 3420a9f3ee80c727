"""`/api/obs/runs`: what agents did, newest first."""

from __future__ import annotations

from flask import Blueprint, Response, request

from backend.answers import answer
from backend.auth.access import with_reader
from backend.errors import ApiError
from backend.metrics.owner import zone_of
from backend.metrics.query import Query
from backend.metrics.shapes import place_json, run_json
from backend.metrics.tree import tree_of
from backend.services import services
from backend.store import RunFilter
from backend.uuids import uuid_of

blueprint = Blueprint("runs", __name__, url_prefix="/api/obs/runs")

_STATUSES = ("running", "success", "error")


@blueprint.get("")
@with_reader
def runs(owner_id: int) -> Response:
    """Answer a page of runs."""
    app = services()
    query = Query(request.args, zone_of(app.engine, owner_id))
    page = query.page("run")
    found = app.store.runs(
        owner_id, _wanted(query), limit=page.limit, offset=page.offset, cursor=page.cursor
    )
    return answer({"runs": [run_json(run) for run in found.runs], **place_json(page, found)})


@blueprint.get("/<run_id>")
@with_reader
def run(owner_id: int, run_id: str) -> Response:
    """Answer one run with its events as a tree."""
    store = services().store
    known = uuid_of(run_id)
    found = None if known is None else store.run(owner_id, known)
    if found is None:
        raise ApiError(404, f"you have no run {run_id[:64]!r}")
    traces = {event.trace_id for event in found.events if event.trace_id is not None}
    links = store.links(owner_id, traces)
    return answer({"run": run_json(found.run), "events": tree_of(found.events, links)})


def _wanted(query: Query) -> RunFilter:
    window = query.window()
    return RunFilter(
        agent_id=query.integer("agent_id", at_least=1),
        status=query.choice("status", _STATUSES),
        start_us=window.start_us,
        end_us=window.end_us,
    )
