"""`/api/obs/agents`."""

from __future__ import annotations

import msgspec
from flask import Blueprint, Response, request

from backend.agent_json import agent_json
from backend.agents.service import (
    NameTakenError,
    TooManyAgentsError,
    agent,
    agents_of,
    change_agent,
    create_agent,
)
from backend.answers import answer
from backend.auth.access import with_reader, with_session
from backend.body import json_body, name_in
from backend.errors import ApiError
from backend.services import services

blueprint = Blueprint("agents", __name__, url_prefix="/api/obs/agents")


class AgentBody(msgspec.Struct):
    """The body of `POST` and `PATCH`."""

    name: str | None = None
    description: str | None = None


@blueprint.get("")
@with_reader
def list_agents(owner_id: int) -> Response:
    """Answer the owner's agents."""
    return answer({"agents": [agent_json(row) for row in agents_of(services().engine, owner_id)]})


@blueprint.post("")
@with_session
def new_agent(owner_id: int) -> Response:
    """Answer a new agent."""
    app, body = services(), json_body(request, AgentBody)
    name, description = name_in(body.name or ""), _description(body) or ""
    limit = app.settings.max_agents_per_owner
    try:
        row = create_agent(
            app.engine, owner_id, name=name, description=description, max_agents=limit
        )
    except NameTakenError as error:
        raise ApiError(409, f"you have an agent named {name!r} already") from error
    except TooManyAgentsError as error:
        raise ApiError(400, f"you have {limit} agents, which is the limit") from error
    return answer({"success": True, "agent": agent_json(row)}, 201)


@blueprint.get("/<id:agent_id>")
@with_reader
def one_agent(owner_id: int, agent_id: int) -> Response:
    """Answer one agent."""
    row = agent(services().engine, owner_id, agent_id=agent_id)
    if row is None:
        raise ApiError(404, f"you have no agent with id {agent_id}")
    return answer({"agent": agent_json(row)})


@blueprint.patch("/<id:agent_id>")
@with_session
def changed_agent(owner_id: int, agent_id: int) -> Response:
    """Change an agent's name or description."""
    app, body = services(), json_body(request, AgentBody)
    name = None if body.name is None else name_in(body.name)
    words = _description(body)
    try:
        row = change_agent(app.engine, owner_id, agent_id=agent_id, name=name, description=words)
    except NameTakenError as error:
        raise ApiError(409, f"you have an agent named {name!r} already") from error
    if row is None:
        raise ApiError(404, f"you have no agent with id {agent_id}")
    return answer({"success": True, "agent": agent_json(row)})


def _description(body: AgentBody) -> str | None:
    words = body.description
    if words is not None and (len(words) > 2000 or "\0" in words):
        raise ApiError(400, "description must have at most 2000 characters")
    return words
