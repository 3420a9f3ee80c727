"""Agents: listed, made and renamed by their owner; events register others by themselves."""

from __future__ import annotations

from sqlalchemy import Engine, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from backend.clock import now_us
from backend.db import for_writing
from backend.models import Agent


class NameTakenError(Exception):
    """The owner has another agent of that name."""


class TooManyAgentsError(Exception):
    """The owner has as many agents as the server allows."""


def agents_of(engine: Engine, owner_id: int) -> list[Agent]:
    """Return the owner's agents by name.

    An agent that only events named is listed as long as it has events.
    """
    with Session(engine) as session:
        is_shown = or_(Agent.is_derived.is_(False), Agent.last_seen_us.is_not(None))
        found = select(Agent).where(Agent.user_id == owner_id, is_shown).order_by(Agent.name)
        return list(session.scalars(found))


def agent(engine: Engine, owner_id: int, *, agent_id: int) -> Agent | None:
    """Return the owner's agent, or None."""
    with Session(engine) as session:
        return _own(session, owner_id, agent_id)


def create_agent(
    engine: Engine, owner_id: int, *, name: str, description: str, max_agents: int
) -> Agent:
    """Store a new agent; one that events named becomes the owner's own."""
    with Session(for_writing(engine), expire_on_commit=False) as session, session.begin():
        row = session.scalar(select(Agent).where(Agent.user_id == owner_id, Agent.name == name))
        if row is not None and not row.is_derived:
            raise NameTakenError
        if row is None:
            row = _new(session, owner_id, name, max_agents)
        row.is_derived = False
        row.description = description
        _flush(session)
    return row


def change_agent(
    engine: Engine, owner_id: int, *, agent_id: int, name: str | None, description: str | None
) -> Agent | None:
    """Change what is given; return None where the owner has no such agent."""
    with Session(for_writing(engine), expire_on_commit=False) as session, session.begin():
        row = _own(session, owner_id, agent_id)
        if row is None:
            return None
        row.is_derived = False
        row.name = row.name if name is None else name
        row.description = row.description if description is None else description
        _flush(session)
    return row


def _own(session: Session, owner_id: int, agent_id: int) -> Agent | None:
    row = session.get(Agent, agent_id)
    return row if row is not None and row.user_id == owner_id else None


def _new(session: Session, owner_id: int, name: str, max_agents: int) -> Agent:
    count = select(func.count()).select_from(Agent).where(Agent.user_id == owner_id)
    if (session.scalar(count) or 0) >= max_agents:
        raise TooManyAgentsError
    row = Agent(user_id=owner_id, name=name, created_us=now_us())
    session.add(row)
    return row


def _flush(session: Session) -> None:
    try:
        session.flush()
    except IntegrityError as error:
        raise NameTakenError from error
