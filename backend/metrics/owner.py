"""What the numbers need to know of an owner."""

from __future__ import annotations

from datetime import tzinfo

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from backend.models import Agent, AlertEvent
from backend.store import zones


def zone_of(engine: Engine, owner_id: int) -> tzinfo:
    """Return the time zone that the owner's days are cut in."""
    with engine.connect() as connection:
        return zones.zone_of(connection, owner_id)


def agent_of(engine: Engine, owner_id: int, *, agent_id: int) -> Agent | None:
    """Return the owner's agent, or None."""
    with Session(engine) as session:
        row = session.get(Agent, agent_id)
    return row if row is not None and row.user_id == owner_id else None


def unacknowledged_alerts(engine: Engine, owner_id: int) -> int:
    """Return how many firings nobody has acknowledged."""
    query = (
        select(func.count())
        .select_from(AlertEvent)
        .where(AlertEvent.user_id == owner_id, AlertEvent.acknowledged_us.is_(None))
    )
    with Session(engine) as session:
        return session.scalar(query) or 0
