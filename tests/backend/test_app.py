"""What every answer of the server has, whatever the address."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from google.rpc.status_pb2 import Status

from backend import db
from backend.app import create_app
from backend.schema_version import newest_revision
from backend.settings import Settings
from backend.store import StatementTooSlow
from otel_bridge.errors import ConfigurationError
from tests.backend.conftest import Caller, NewApp, Web, exact_json


def test_the_index_says_what_this_is(client: FlaskClient):
    body = exact_json(client.get("/"))
    assert body["name"] == "otel-bridge"
    assert all(path.startswith("/") for path in body["links"].values())


def test_a_migrated_database_is_ready(client: FlaskClient):
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 200


def test_an_unmigrated_database_is_not_ready(new_app: NewApp, empty_database_url: str):
    client = new_app(Settings(database_url=empty_database_url, secret_key="s")).test_client()
    response = client.get("/readyz")
    assert response.status_code == 503
    assert 1 <= int(response.headers["Retry-After"]) <= 3
    assert client.get("/healthz").status_code == 200


def test_the_newest_revision_is_the_one_that_migrating_leads_to(database_url: str):
    assert db.current(database_url) == newest_revision()


@pytest.mark.parametrize("path", ["/nothing", "/api/obs/nothing", "/api/obs/agents/x"])
def test_an_unknown_address_is_told_in_json(client: FlaskClient, path: str):
    response = client.get(path)
    assert response.status_code == 404
    assert len(exact_json(response)["error"]) > 10


def test_a_wrong_method_is_told_in_json_with_the_right_ones(client: FlaskClient):
    response = client.delete("/api/obs/ingest/events")
    assert response.status_code == 405
    assert "POST" in response.headers["Allow"]
    assert "error" in exact_json(response)


def test_every_answer_has_the_headers_that_protect_a_browser(client: FlaskClient):
    for path in ("/", "/api/obs/agents", "/nothing"):
        headers = client.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/api/obs/ingest/events", "/v1/traces", "/v1/logs"])
@pytest.mark.parametrize("more", [1, 2, 1000])
def test_a_body_over_the_limit_is_refused(
    new_app: NewApp, web: Web, ingest_key: Caller, path: str, more: int
):
    url = web.engine.url.render_as_string(hide_password=False)
    client = new_app(Settings(url, "s", max_body_bytes=1000)).test_client()
    head = ingest_key.headers | {"Content-Type": "application/json"}
    body = b"{" + b" " * (998 + more) + b"}"
    known = client.post(path, data=body, headers=head)
    chunked = client.post(
        path,
        input_stream=BytesIO(body),
        headers=head | {"Transfer-Encoding": "chunked"},
        environ_overrides={"wsgi.input_terminated": True},
    )
    assert (known.status_code, chunked.status_code) == (413, 413)
    assert client.post(path, data=body[more:], headers=head).status_code in {200, 400}


def test_a_store_that_is_away_says_when_to_come_back(new_app: NewApp, tmp_path: Path):
    url = f"sqlite:///{tmp_path}/missing/test.db"
    client = new_app(Settings(database_url=url, secret_key="s")).test_client()
    head = {"Authorization": "Bearer obsk_" + "0" * 48}
    response = client.post("/api/obs/ingest/events", json={}, headers=head)
    assert response.status_code == 503
    assert response.headers["Retry-After"] in {"1", "2", "3"}
    assert "send it again" in exact_json(response)["error"]
    otlp = client.post("/v1/traces", data=b"", headers=head, content_type="application/x-protobuf")
    assert (otlp.status_code, Status.FromString(otlp.data).code) == (503, 14)
    assert otlp.headers["Retry-After"] in {"1", "2", "3"}


def test_a_question_that_takes_too_long_says_what_would_not(new_app: NewApp, tmp_path: Path):
    def slow() -> str:
        raise StatementTooSlow("canceling statement due to statement timeout")

    app = new_app(Settings(f"sqlite:///{tmp_path}/test.db", "s"))
    app.add_url_rule("/slow", view_func=slow)
    response = app.test_client().get("/slow")
    assert response.status_code == 503
    assert "fewer days" in exact_json(response)["error"]


def test_an_unforeseen_error_shows_no_trace(new_app: NewApp, database_url: str):
    app = new_app(Settings(database_url, "s"))
    app.add_url_rule("/broken", view_func=lambda: str(1 // 0))
    response = app.test_client().get("/broken")
    assert response.status_code == 500
    assert "ZeroDivision" not in response.text
    assert "error" in exact_json(response)


def test_no_app_is_made_without_a_secret():
    with pytest.raises(ConfigurationError, match="SECRET_KEY"):
        create_app(Settings())
