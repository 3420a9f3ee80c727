"""`/api/obs/ingest`: events and heartbeats as JSON."""

from __future__ import annotations

from typing import Any

import msgspec
from flask import Blueprint, Response, request

from backend.answers import answer
from backend.auth.access import with_ingest_key
from backend.body import decode_json, read_body, require_json
from backend.clock import now_us
from backend.errors import ApiError
from backend.ingest.heartbeat import agent_of, heartbeat_event
from backend.ingest.schema import Batch, parse_batch
from backend.ingest.service import TimeWindow, store_batch
from backend.services import services
from otel_bridge.event import rfc3339

blueprint = Blueprint("ingest", __name__, url_prefix="/api/obs/ingest")


class Heartbeat(msgspec.Struct):
    """The body of a heartbeat: the agent's id or its name."""

    agent_id: int | None = None
    agent: str | None = None
    status: str = "alive"
    metadata: dict[str, Any] | None = None


@blueprint.post("/events")
@with_ingest_key
def events(owner_id: int) -> Response:
    """Store one event or a batch; 200 means committed."""
    require_json(request)
    app, now = services(), now_us()
    receipt = store_batch(
        app.store,
        owner_id,
        batch=parse_batch(read_body(request, app.settings), now_us=now),
        book=app.books.of(owner_id),
        window=TimeWindow.around(now, retention_days=app.retention.of(owner_id)),
    )
    rejected = [{"index": index, "reason": reason} for index, reason in receipt.rejected]
    counts = {"duplicates": receipt.duplicates, "total_submitted": receipt.submitted}
    return answer({"accepted": receipt.accepted, "rejected": rejected, **counts})


@blueprint.post("/heartbeat")
@with_ingest_key
def heartbeat(owner_id: int) -> Response:
    """Note that an agent is alive."""
    require_json(request)
    app, now = services(), now_us()
    body = decode_json(read_body(request, app.settings), Heartbeat)
    if body.agent_id is None and not body.agent:
        raise ApiError(400, "name the agent: agent_id, or agent with its name")
    agent_id = agent_of(app.engine, owner_id, agent_id=body.agent_id, name=body.agent)
    if agent_id is None:
        raise ApiError(404, f"you have no agent {body.agent_id or body.agent!r}")
    event = heartbeat_event(agent_id, now, status=body.status, metadata=body.metadata or {})
    store_batch(
        app.store,
        owner_id,
        batch=Batch((event,)),
        book=app.books.of(owner_id),
        window=TimeWindow.around(now, retention_days=app.retention.of(owner_id)),
    )
    return answer({"success": True, "agent_id": agent_id, "ts": rfc3339(now)})
