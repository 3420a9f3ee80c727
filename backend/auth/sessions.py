"""Sessions of people: a signed cookie that says who, checked against the user on each request."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta

from flask import Flask, request, session
from flask.sessions import SecureCookieSessionInterface
from sqlalchemy import Engine

from backend.auth.users import user_by_id
from backend.models import User

_LIFETIME = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The person behind a session cookie."""

    user_id: int
    email: str
    csrf_token: str


class _Cookies(SecureCookieSessionInterface):
    """Marks the cookie Secure where the person came over TLS, here or at a proxy in front."""

    def get_cookie_secure(self, app: Flask) -> bool:  # noqa: ARG002 (Flask calls it so)
        """Return whether this request came over TLS."""
        forwarded = request.headers.get("X-Forwarded-Proto", "").strip().lower()
        return request.is_secure or forwarded == "https"


def configure_sessions(app: Flask, secret_key: str) -> None:
    """Set how the cookie is signed and who may read it."""
    app.secret_key = secret_key
    app.session_interface = _Cookies()
    app.config.update(
        SESSION_COOKIE_NAME="otel_bridge_session",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_REFRESH_EACH_REQUEST=False,
        PERMANENT_SESSION_LIFETIME=_LIFETIME,
    )


def sign_in(user: User) -> SignedIn:
    """Begin a new session for `user`."""
    session.clear()
    session.permanent = True
    session["user_id"] = user.id
    session["version"] = user.session_version
    session["csrf_token"] = secrets.token_urlsafe(32)
    return SignedIn(user.id, user.email, session["csrf_token"])


def sign_out() -> None:
    """End the session of this browser."""
    session.clear()


def signed_in(engine: Engine) -> SignedIn | None:
    """Return who the session belongs to; None without one or when it was ended."""
    user_id, csrf_token = session.get("user_id"), session.get("csrf_token")
    if not isinstance(user_id, int) or not isinstance(csrf_token, str):
        return None
    user = user_by_id(engine, user_id)
    if user is None or user.session_version != session.get("version"):
        return None
    return SignedIn(user.id, user.email, csrf_token)
