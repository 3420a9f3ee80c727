"""People sign in with e-mail and password, and write with their session's CSRF token."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from backend.settings import Settings
from tests.backend.conftest import PASSWORD, Caller, NewApp, Person, Web, exact_json


def log_in(client: FlaskClient, email: str, password: str = PASSWORD) -> TestResponse:
    return client.post("/api/auth/login", json={"email": email, "password": password})


def test_signing_in_answers_who_it_is_and_a_token(client: FlaskClient, ada: Person):
    response = log_in(client, ada.email.upper())
    body = exact_json(response)
    assert body["user"] == {"id": ada.id, "email": ada.email}
    assert len(body["csrf_token"]) > 20
    assert exact_json(client.get("/api/auth/me")) == body


def test_the_cookie_is_out_of_reach_for_scripts_and_other_sites(client: FlaskClient, ada: Person):
    cookie = log_in(client, ada.email).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie


@pytest.mark.parametrize(
    "options",
    [{"base_url": "https://obs.example.com"}, {"headers": {"X-Forwarded-Proto": "https"}}],
)
def test_the_cookie_is_secure_behind_tls(client: FlaskClient, ada: Person, options: dict[str, Any]):
    body = {"email": ada.email, "password": PASSWORD}
    response = client.post("/api/auth/login", json=body, **options)
    assert "Secure" in response.headers["Set-Cookie"]


@pytest.mark.parametrize(
    ("email", "password"),
    [("", "wrong"), ("", ""), ("nobody@x", PASSWORD), ("", "x" * 5000), ("\0", "")],
)
def test_a_wrong_address_and_a_wrong_password_are_told_alike(
    client: FlaskClient, ada: Person, email: str, password: str
):
    response = log_in(client, email or ada.email, password)
    assert response.status_code == 401
    assert exact_json(response)["error"] == "the e-mail address or the password is wrong"


@pytest.mark.parametrize("body", [{}, {"email": 1, "password": "x"}, [], {"email": "a@b.c"}])
def test_a_body_that_is_no_login_is_refused(client: FlaskClient, body: object):
    assert client.post("/api/auth/login", json=body).status_code == 400


def test_a_form_cannot_sign_in(client: FlaskClient, ada: Person):
    response = client.post("/api/auth/login", data={"email": ada.email, "password": PASSWORD})
    assert response.status_code == 415


def test_only_failed_logins_count_towards_the_throttle(
    client: FlaskClient, ada: Person, bob: Person
):
    for _ in range(12):
        assert log_in(client, ada.email).status_code == 200
    for _ in range(10):
        assert log_in(client, ada.email, "wrong").status_code == 401
    blocked = log_in(client, ada.email)
    assert blocked.status_code == 429
    assert int(blocked.headers["Retry-After"]) > 0
    assert log_in(client, bob.email).status_code == 200


def test_signing_out_ends_the_session(session_client: Caller):
    assert session_client.get("/api/auth/me").status_code == 200
    assert session_client.post("/api/auth/logout").status_code == 200
    assert session_client.get("/api/auth/me").status_code == 401
    assert session_client.post("/api/auth/logout").status_code == 200


@pytest.mark.parametrize("token", ["", "wrong", "é"])
def test_another_site_can_neither_write_nor_sign_out(session_client: Caller, token: str):
    stranger = Caller(session_client.client, {"X-CSRF-Token": token} if token else {})
    assert stranger.post("/api/obs/agents", {"name": "bot"}).status_code == 403
    assert stranger.post("/api/auth/logout").status_code == 403
    assert stranger.get("/api/obs/agents").status_code == 200


def test_a_session_that_another_server_signed_is_none(
    web: Web, new_app: NewApp, session_client: Caller
):
    cookie = session_client.client.get_cookie("otel_bridge_session")
    assert cookie is not None
    url = web.engine.url.render_as_string(hide_password=False)
    elsewhere = new_app(Settings(url, "other"))
    for server, status in ((web.app, 200), (elsewhere, 401)):
        client = server.test_client()
        client.set_cookie("otel_bridge_session", cookie.value)
        assert client.get("/api/auth/me").status_code == status
