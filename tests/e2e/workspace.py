"""An owner on a running server, as a client of the HTTP API sees it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tests.e2e.server import Client, ServerProcess

#: Every day that a test's event can lie on.
ALL_DAYS = {"from": "2020-01-01", "to": "2099-12-31"}


@dataclass(frozen=True, slots=True)
class Workspace:
    """An owner on a running server, and a client with a key for everything."""

    server: ServerProcess
    client: Client
    key: str

    def send_otlp(self, body: bytes, *, content_type: str = "application/x-protobuf") -> None:
        """Post an OTLP request; whatever is not a plain success fails the test."""
        answer = self.client.post("/v1/traces", body, content_type=content_type)
        assert answer.status == 200, answer
        assert answer.body in ({}, b"", {"partialSuccess": {}}), answer

    def events(self) -> list[dict[str, Any]]:
        """Return all events, newest first, walked by the cursor."""
        found: list[dict[str, Any]] = []
        query: dict[str, object] = {"limit": 200}
        while True:
            page = self.client.get("/api/obs/events", query).body
            found.extend(page["events"])
            if page["next_cursor"] is None:
                return found
            query["cursor"] = page["next_cursor"]

    def events_by_key(self) -> dict[str, dict[str, Any]]:
        """Return the events by dedupe key, as they are on every server and in every workspace."""
        names = self.agent_names()
        return {
            event["dedupe_key"]: {
                **{name: value for name, value in event.items() if name not in _OF_THE_ROW},
                "agent": names.get(event["agent_id"]),
            }
            for event in self.events()
        }

    def agent_names(self) -> dict[int, str]:
        """Return the names of the agents by id."""
        agents = self.client.get("/api/obs/agents").body["agents"]
        return {agent["id"]: agent["name"] for agent in agents}

    def totals(self) -> dict[str, dict[str, Any]]:
        """Return the sums of `/metrics/agents` over all days by the agent's name."""
        names = self.agent_names()
        sums: dict[str, Counter[str]] = {}
        for row in self.client.get("/api/obs/metrics/agents", ALL_DAYS).body["metrics"]:
            of_agent = sums.setdefault(names.get(row["agent_id"], ""), Counter())
            of_agent.update({name: row[name] for name in _SUMMED})
            of_agent.update({f"calls of {m}": n for m, n in row["models_used"].items()})
        return {name: dict(counted) for name, counted in sums.items()}

    def total(self) -> dict[str, Any]:
        """Return the same over the whole workspace, with `llm_calls`."""
        added: Counter[str] = Counter()
        for counted in self.totals().values():
            added.update(counted)
        calls = sum(n for name, n in added.items() if name.startswith("calls of "))
        return {name: added[name] for name in _SUMMED} | {"llm_calls": calls}


#: What belongs to the row or to its owner, and not to what happened.
_OF_THE_ROW = ("id", "agent_id", "received_at")
_SUMMED = (
    "total_runs",
    "successful_runs",
    "failed_runs",
    "total_events",
    "total_tokens_in",
    "total_tokens_out",
    "total_cost_usd",
    "total_tool_calls",
    "tool_errors",
)


def spent(workspace: Workspace) -> tuple[int, int, Decimal]:
    """Return the tokens in, the tokens out and the money of everything."""
    total = workspace.total()
    return total["total_tokens_in"], total["total_tokens_out"], Decimal(total["total_cost_usd"])
