"""`/api/obs/agents`."""

from __future__ import annotations

import pytest

from backend.settings import Settings
from tests.backend.conftest import PASSWORD, Caller, NewApp, Person, Web, exact_json

PATH = "/api/obs/agents"


def names(caller: Caller) -> list[str]:
    return [agent["name"] for agent in exact_json(caller.get(PATH))["agents"]]


def test_an_agent_is_made_read_and_changed(session_client: Caller, read_key: Caller):
    response = session_client.post(PATH, {"name": " bot ", "description": "helps"})
    made = exact_json(response)["agent"]
    assert response.status_code == 201
    assert (made["name"], made["description"], made["last_seen_at"]) == ("bot", "helps", None)
    assert exact_json(read_key.get(f"{PATH}/{made['id']}")) == {"agent": made}
    changed = session_client.patch(f"{PATH}/{made['id']}", {"name": "robot"})
    assert exact_json(changed)["agent"] == made | {"name": "robot"}
    assert names(read_key) == ["robot"]


def test_an_event_names_an_agent_that_the_owner_may_then_make_her_own(
    session_client: Caller, ingest_key: Caller
):
    ingest_key.ingest({"event_type": "metric", "agent": "bot"})
    [seen] = exact_json(session_client.get(PATH))["agents"]
    assert seen["last_seen_at"] is not None
    made = session_client.post(PATH, {"name": "bot", "description": "mine"})
    assert made.status_code == 201
    assert exact_json(made)["agent"]["id"] == seen["id"]
    assert session_client.post(PATH, {"name": "bot"}).status_code == 409


def test_two_agents_cannot_have_one_name(session_client: Caller):
    for name in ("one", "two"):
        assert session_client.post(PATH, {"name": name}).status_code == 201
    two = exact_json(session_client.get(PATH))["agents"][1]
    response = session_client.patch(f"{PATH}/{two['id']}", {"name": "one"})
    assert response.status_code == 409
    assert "'one'" in exact_json(response)["error"]
    assert names(session_client) == ["one", "two"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": 7},
        {"name": "x" * 256},
        {"name": "a\0"},
        {"name": "x", "description": "y" * 2001},
        {"name": "x", "description": ["y"]},
        [],
    ],
)
def test_a_bad_body_is_a_400(session_client: Caller, body: object):
    response = session_client.post(PATH, body)
    assert response.status_code == 400
    assert len(exact_json(response)["error"]) > 10


def test_agents_of_others_are_not_there(session_client: Caller, bobs_key: Caller, read_key: Caller):
    bobs_key.ingest({"event_type": "metric", "agent": "his"})
    [his] = exact_json(bobs_key.get(PATH))["agents"]
    assert names(read_key) == []
    for agent_id in (his["id"], 424242, 2**63 - 1, 2**70):
        assert read_key.get(f"{PATH}/{agent_id}").status_code == 404
        assert session_client.patch(f"{PATH}/{agent_id}", {"name": "x"}).status_code == 404
    assert names(bobs_key) == ["his"]


def test_the_limit_of_agents_is_told(new_app: NewApp, web: Web, ada: Person):
    url = web.engine.url.render_as_string(hide_password=False)
    client = new_app(Settings(url, "s", max_agents_per_owner=1)).test_client()
    signed_in = client.post("/api/auth/login", json={"email": ada.email, "password": PASSWORD})
    caller = Caller(client, {"X-CSRF-Token": exact_json(signed_in)["csrf_token"]})
    assert caller.post(PATH, {"name": "one"}).status_code == 201
    response = caller.post(PATH, {"name": "two"})
    assert response.status_code == 400
    assert "limit" in exact_json(response)["error"]
