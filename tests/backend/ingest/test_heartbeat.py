"""`POST /ingest/heartbeat`."""

from __future__ import annotations

from typing import Any

import pytest

from tests.backend.conftest import Caller, exact_json

PATH = "/api/obs/ingest/heartbeat"


@pytest.fixture
def agent_id(ingest_key: Caller, read_key: Caller) -> int:
    """An agent that an event has named."""
    ingest_key.ingest({"event_type": "metric", "agent": "bot"})
    [agent] = exact_json(read_key.get("/api/obs/agents"))["agents"]
    assert agent["last_heartbeat_at"] is None
    return int(agent["id"])


@pytest.mark.parametrize("by_name", [True, False])
def test_a_heartbeat_is_an_event_and_the_agents_newest_sign_of_life(
    ingest_key: Caller, read_key: Caller, agent_id: int, *, by_name: bool
):
    who = {"agent": "bot"} if by_name else {"agent_id": agent_id}
    response = ingest_key.post(PATH, who | {"status": "alive", "metadata": {"pid": 7}})
    answer = exact_json(response)
    assert (answer["success"], answer["agent_id"]) == (True, agent_id)
    [agent] = exact_json(read_key.get("/api/obs/agents"))["agents"]
    assert agent["last_heartbeat_at"] == answer["ts"]
    [event] = exact_json(read_key.get("/api/obs/events", event_type="heartbeat"))["events"]
    assert event["payload"] == {"status": "alive", "metadata": {"pid": 7}}
    assert event["created_at"] == answer["ts"]
    [row] = exact_json(read_key.get("/api/obs/metrics/agents"))["metrics"]
    assert row["last_heartbeat_at"] == answer["ts"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"agent": ""},
        {"agent_id": None},
        {"agent_id": "1"},
        {"agent": 5},
        {"agent": "bot", "metadata": [1]},
        {"agent": "bot", "metadata": {"x": "y" * 70_000}},
        {"agent": "bot", "status": 7},
        [],
    ],
)
@pytest.mark.usefixtures("agent_id")
def test_a_heartbeat_of_nobody_is_a_400(ingest_key: Caller, body: Any):
    response = ingest_key.post(PATH, body)
    assert response.status_code == 400
    assert len(exact_json(response)["error"]) > 10


@pytest.mark.parametrize(
    "who", [{"agent_id": 424242}, {"agent_id": 0}, {"agent_id": 2**80}, {"agent": "no\0body"}]
)
def test_an_unknown_agent_is_a_404(ingest_key: Caller, who: dict[str, Any]):
    assert ingest_key.post(PATH, who).status_code == 404


def test_anothers_agent_is_a_404(ingest_key: Caller, bobs_key: Caller):
    bobs_key.ingest({"event_type": "metric", "agent": "his"})
    [his] = exact_json(bobs_key.get("/api/obs/agents"))["agents"]
    assert ingest_key.post(PATH, {"agent_id": his["id"]}).status_code == 404
    assert ingest_key.post(PATH, {"agent": "his"}).status_code == 404
