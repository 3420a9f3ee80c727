"""An agent as the API shows it."""

from __future__ import annotations

from typing import Any

from backend.answers import moment
from backend.models import Agent


def agent_json(row: Agent) -> dict[str, Any]:
    """Return the agent as a JSON object."""
    return {
        "id": row.id,
        "name": row.name,
        "description": row.description,
        "created_at": moment(row.created_us),
        "last_seen_at": moment(row.last_seen_us),
        "last_heartbeat_at": moment(row.last_heartbeat_us),
    }
