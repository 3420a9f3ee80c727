"""What the backend's HTTP API says about the demo's agents, beside what the model server served."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from backend.demo.home import HOST
from backend.demo.model_server import ServedCall
from otel_bridge.errors import OtelBridgeError


class ApiError(OtelBridgeError):
    """The backend did not answer a read of the demo with 200."""


@dataclass(frozen=True, slots=True)
class Api:
    """Reads from the backend with a key of scope `read`."""

    port: int
    read_key: str

    def get(self, path: str, **query: object) -> dict[str, Any]:
        """Return the JSON object at `/api/obs<path>`, its decimals exact; raises ApiError."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=10)
        try:
            connection.request(
                "GET",
                f"/api/obs{path}?{urlencode(query)}",
                headers={"Authorization": f"Bearer {self.read_key}"},
            )
            response = connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException) as error:
            raise ApiError(f"the backend does not answer: {error}") from error
        finally:
            connection.close()
        if response.status != 200:
            raise ApiError(f"GET {path} answered {response.status}: {body[:200]!r}")
        answer: dict[str, Any] = json.loads(body, parse_float=Decimal)
        return answer


@dataclass(frozen=True, slots=True)
class Sums:
    """One row of the overview: an agent's numbers, or the total of all."""

    name: str
    runs: int = 0
    failed_runs: int = 0
    llm_calls: int = 0
    tool_calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost_usd: Decimal = Decimal(0)
    unpriced_calls: int = 0
    errors: int = 0

    def plus(self, other: Sums) -> Sums:
        """Return the sum of both, under this name."""
        added = {
            field.name: getattr(self, field.name) + getattr(other, field.name)
            for field in fields(self)
            if field.name != "name"
        }
        return replace(self, **added)


@dataclass(frozen=True, slots=True)
class Usage:
    """What both sides count: model calls and their tokens."""

    llm_calls: int
    tokens_in: int
    tokens_out: int


def read_overview(api: Api, *, first_day: date, last_day: date) -> list[Sums]:
    """Return the sums of each agent over the days from first to last, by name."""
    names = {agent["id"]: agent["name"] for agent in api.get("/agents")["agents"]}
    days = api.get("/metrics/agents", **{"from": first_day, "to": last_day})["metrics"]
    by_agent: dict[int | None, Sums] = {}
    for day in days:
        agent_id = day["agent_id"]
        known = by_agent.get(agent_id) or Sums(names.get(agent_id, "(no agent)"))
        by_agent[agent_id] = known.plus(_day(day))
    return sorted(by_agent.values(), key=lambda row: row.name)


def _day(day: Mapping[str, Any]) -> Sums:
    return Sums(
        name="",
        runs=day["total_runs"],
        failed_runs=day["failed_runs"],
        llm_calls=day["llm_calls"],
        tool_calls=day["total_tool_calls"],
        tokens_in=day["total_tokens_in"],
        tokens_out=day["total_tokens_out"],
        cost_usd=Decimal(day["total_cost_usd"]),
        unpriced_calls=day["unpriced_calls"],
        errors=day["errors"],
    )


def total(rows: Iterable[Sums]) -> Sums:
    """Return the sum of all rows."""
    result = Sums("total")
    for row in rows:
        result = result.plus(row)
    return result


def served(calls: Sequence[ServedCall]) -> Usage:
    """Return what the model server served: failed calls count as calls, without tokens."""
    told = [call.tokens for call in calls if call.tokens is not None]
    return Usage(
        llm_calls=len(calls),
        tokens_in=sum(tokens.prompt for tokens in told),
        tokens_out=sum(tokens.completion for tokens in told),
    )


def recorded(rows: Iterable[Sums]) -> Usage:
    """Return the same of the backend's numbers."""
    everything = total(rows)
    return Usage(everything.llm_calls, everything.tokens_in, everything.tokens_out)
