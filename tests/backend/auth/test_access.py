"""Who may do what."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from backend.settings import Settings
from tests.backend.conftest import CRON_SECRET, Caller, NewApp, NewKey, Person, exact_json

INGEST = ("/api/obs/ingest/events", "/api/obs/ingest/heartbeat", "/v1/traces", "/v1/metrics")
READ = (
    "/api/obs/metrics/overview",
    "/api/obs/metrics/agents",
    "/api/obs/metrics/models",
    "/api/obs/metrics/tools",
    "/api/obs/metrics/agent/1",
    "/api/obs/events",
    "/api/obs/runs",
    "/api/obs/runs/3f2504e0-4f89-11d3-9a0c-0305e82c3301",
    "/api/obs/agents",
    "/api/obs/agents/1",
)
SESSION_ONLY = (
    ("GET", "/api/obs/api-keys"),
    ("POST", "/api/obs/api-keys"),
    ("POST", "/api/obs/api-keys/1/revoke"),
    ("POST", "/api/obs/agents"),
    ("PATCH", "/api/obs/agents/1"),
)


@pytest.mark.parametrize("path", INGEST)
def test_ingest_needs_a_key_with_its_scope(
    client: FlaskClient, read_key: Caller, ingest_key: Caller, session_client: Caller, path: str
):
    assert client.post(path, json={}).status_code == 401
    assert session_client.post(path).status_code == 401
    assert read_key.post(path).status_code == 403
    assert ingest_key.post(path).status_code in {200, 400}


@pytest.mark.parametrize("path", READ)
def test_reading_needs_a_session_or_a_key_with_its_scope(
    client: FlaskClient, read_key: Caller, ingest_key: Caller, session_client: Caller, path: str
):
    assert client.get(path).status_code == 401
    assert ingest_key.get(path).status_code == 403
    assert read_key.get(path).status_code in {200, 404}
    assert session_client.get(path).status_code in {200, 404}


@pytest.mark.parametrize(("method", "path"), SESSION_ONLY)
def test_keys_and_agents_change_by_session_only(
    client: FlaskClient,
    new_key: NewKey,
    ada: Person,
    session_client: Caller,
    method: str,
    path: str,
):
    key = new_key(ada, "ingest", "read")
    assert client.open(path, method=method, json={}).status_code == 401
    with_key = client.open(path, method=method, json={}, headers=key.headers)
    assert with_key.status_code == 403
    with_session = session_client.client.open(
        path, method=method, json={}, headers=session_client.headers
    )
    assert with_session.status_code in {200, 400, 404}


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "Basic eDp5",
        "obsk_" + "0" * 48,
        "Bearer obsk_" + "0" * 48,
        "Bearer obsk_",
        "Bearer " + "x" * 10_000,
        "Bearer é",
    ],
)
def test_what_is_no_key_is_a_401_that_says_how(client: FlaskClient, header: str):
    for path in ("/api/obs/events", "/api/obs/api-keys"):
        response = client.get(path, headers={"Authorization": header})
        assert response.status_code == 401
        assert response.headers["WWW-Authenticate"].startswith("Bearer")
        assert len(exact_json(response)["error"]) > 10


def test_a_key_may_come_as_the_exporters_variable_encodes_it(client: FlaskClient, read_key: Caller):
    encoded = read_key.headers["Authorization"].replace(" ", "%20")
    lower = read_key.headers["Authorization"].replace("Bearer", "bearer")
    for header in (encoded, lower):
        response = client.get("/api/obs/events", headers={"Authorization": header})
        assert response.status_code == 200


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_jobs_need_the_cron_secret(client: FlaskClient, read_key: Caller, method: str):
    path = "/api/obs/internal/aggregate"
    assert client.open(path, method=method).status_code == 401
    assert client.open(path, method=method, headers=read_key.headers).status_code == 401
    wrong = {"Authorization": f"Bearer {CRON_SECRET}x"}
    assert client.open(path, method=method, headers=wrong).status_code == 401
    right = {"Authorization": f"Bearer {CRON_SECRET}"}
    response = client.open(path, method=method, headers=right)
    assert response.status_code == 200
    assert exact_json(response)["success"] is True


def test_without_a_cron_secret_nobody_may_start_jobs(new_app: NewApp, database_url: str):
    app = new_app(Settings(database_url, "s"))
    head = {"Authorization": "Bearer "}
    assert app.test_client().get("/api/obs/internal/aggregate", headers=head).status_code == 401
    head = {"Authorization": "Bearer x"}
    assert app.test_client().get("/api/obs/internal/aggregate", headers=head).status_code == 403


def test_the_price_list_is_for_everyone(client: FlaskClient):
    assert client.get("/api/obs/pricing").status_code == 200
