"""API keys: made, shown once, recognized, revoked."""

from __future__ import annotations

import hashlib

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from backend.auth.keys import KeyRing, create_key, keys_of, revoke_key
from backend.db import for_writing
from backend.models import ApiKey
from tests.backend.conftest import Caller, Person, Web, exact_json

PATH = "/api/obs/api-keys"


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def test_a_new_key_is_shown_once_and_stored_as_its_digest(
    session_client: Caller, web: Web, ada: Person
):
    response = session_client.post(PATH, {"name": "laptop"})
    body = exact_json(response)
    assert response.status_code == 201
    assert body["success"] is True
    assert len(body["key"]) == 53
    assert body["key"].startswith("obsk_")
    assert body["key_info"]["key_prefix"] == body["key"][:12]
    assert body["key_info"]["scopes"] == ["ingest"]
    assert exact_json(session_client.get(PATH)) == {"keys": [body["key_info"]]}
    [stored] = keys_of(web.engine, ada.id)
    assert stored.key_hash == hashlib.sha256(body["key"].encode()).hexdigest()


def test_names_need_not_be_unique(session_client: Caller):
    for _ in range(2):
        assert session_client.post(PATH, {"name": "laptop"}).status_code == 201
    assert len(exact_json(session_client.get(PATH))["keys"]) == 2


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": "  "},
        {"name": 1},
        {"name": "x" * 256},
        {"name": "a\0b"},
        {"name": "x", "scopes": []},
        {"name": "x", "scopes": ["admin"]},
        {"name": "x", "scopes": "read"},
    ],
)
def test_a_key_without_a_good_name_and_scopes_is_refused(session_client: Caller, body: object):
    response = session_client.post(PATH, body)
    assert response.status_code == 400
    assert len(exact_json(response)["error"]) > 10


def test_a_new_key_works_at_once_and_a_revoked_one_no_longer(
    session_client: Caller, client: FlaskClient
):
    made = exact_json(session_client.post(PATH, {"name": "x", "scopes": ["read", "ingest"]}))
    head = {"Authorization": f"Bearer {made['key']}"}
    assert client.get("/api/obs/events", headers=head).status_code == 200
    revoke = f"{PATH}/{made['key_info']['id']}/revoke"
    assert exact_json(session_client.post(revoke)) == {"success": True}
    assert client.get("/api/obs/events", headers=head).status_code == 401
    [shown] = exact_json(session_client.get(PATH))["keys"]
    assert shown["is_active"] is False
    assert shown["last_used_at"] is not None
    assert session_client.post(revoke).status_code == 200


def test_keys_of_others_are_neither_listed_nor_revoked(
    session_client: Caller, web: Web, bob: Person
):
    _, row = create_key(web.engine, bob.id, name="other's", scopes=("ingest",))
    assert exact_json(session_client.get(PATH)) == {"keys": []}
    assert session_client.post(f"{PATH}/{row.id}/revoke").status_code == 404
    assert session_client.post(f"{PATH}/{2**63 - 1}/revoke").status_code == 404
    assert session_client.post(f"{PATH}/{2**80}/revoke").status_code == 404
    assert keys_of(web.engine, bob.id)[0].is_active


def test_another_replica_forgets_a_revoked_key_within_its_cache_time(web: Web, ada: Person):
    clock = Clock()
    secret, row = create_key(web.engine, ada.id, name="x", scopes=("read",))
    replica = KeyRing(web.engine, max_age_s=2, clock=clock)
    assert replica.holder(secret) is not None
    assert revoke_key(web.engine, ada.id, key_id=row.id)
    clock.now_s += 1.9
    assert replica.holder(secret) is not None
    clock.now_s += 0.2
    assert replica.holder(secret) is None


def test_an_expired_key_is_none(web: Web, ada: Person):
    secret, row = create_key(web.engine, ada.id, name="x", scopes=("read",))
    with Session(for_writing(web.engine)) as session, session.begin():
        kept = session.get(ApiKey, row.id)
        assert kept is not None
        kept.expires_us = 1
    assert KeyRing(web.engine).holder(secret) is None


def test_the_last_use_is_written_once_a_minute(web: Web, ada: Person):
    secret, _ = create_key(web.engine, ada.id, name="x", scopes=("read",))
    KeyRing(web.engine).holder(secret)
    first = keys_of(web.engine, ada.id)[0].last_used_us
    KeyRing(web.engine).holder(secret)
    assert first is not None
    assert keys_of(web.engine, ada.id)[0].last_used_us == first
