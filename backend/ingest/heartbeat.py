"""Heartbeats: an agent says that it is alive."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from backend.errors import ApiError
from backend.ingest.fields import MAX_PAYLOAD_DEPTH, depth_of
from backend.models import Agent
from otel_bridge.event import MAX_PAYLOAD_BYTES, Event, compact_json


def agent_of(
    engine: Engine, owner_id: int, *, agent_id: int | None, name: str | None
) -> int | None:
    """Return the id of the owner's agent with that id, else with that name; None without one."""
    if agent_id is not None and not 0 < agent_id < 2**63:
        return None
    which = (
        Agent.name == (name or "").replace("\0", "") if agent_id is None else Agent.id == agent_id
    )
    with Session(engine) as session:
        return session.scalar(select(Agent.id).where(Agent.user_id == owner_id, which))


def heartbeat_event(
    agent_id: int, now_us: int, *, status: str, metadata: Mapping[str, Any]
) -> Event:
    """Return the event of a heartbeat; raise 400 where its metadata is too large."""
    payload = {"status": status, "metadata": metadata}
    if depth_of(metadata) >= MAX_PAYLOAD_DEPTH or len(compact_json(payload)) > MAX_PAYLOAD_BYTES:
        raise ApiError(400, f"metadata must be at most {MAX_PAYLOAD_BYTES} bytes of JSON")
    return Event("heartbeat", now_us, agent_id=agent_id, payload=payload)
