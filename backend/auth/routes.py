"""`/api/auth`: sign in, sign out, who am I."""

from __future__ import annotations

import msgspec
from flask import Blueprint, Response, request

from backend.answers import answer
from backend.auth.access import current_person, require_csrf
from backend.auth.sessions import SignedIn, sign_in, sign_out, signed_in
from backend.auth.users import user_by_email
from backend.body import json_body
from backend.errors import ApiError
from backend.services import services

blueprint = Blueprint("auth", __name__, url_prefix="/api/auth")


class Login(msgspec.Struct):
    """The body of a login."""

    email: str
    password: str


@blueprint.post("/login")
def login() -> Response:
    """Begin a session; only failures count towards the throttle."""
    body = json_body(request, Login)
    email = body.email.strip().lower().replace("\0", "")
    failures, who = services().login_failures, f"{request.remote_addr} {email}"
    if wait_s := failures.blocked_for_s(who):
        raise ApiError(429, "too many failed logins: try again later", retry_after_s=wait_s)
    user = user_by_email(services().engine, email)
    is_right = services().passwords.matches(body.password, user.password_hash if user else None)
    if user is None or not is_right:
        failures.failed(who)
        raise ApiError(401, "the e-mail address or the password is wrong")
    failures.succeeded(who)
    return _me(sign_in(user))


@blueprint.post("/logout")
def logout() -> Response:
    """End the session; without one there is nothing to do."""
    person = signed_in(services().engine)
    if person is not None:
        require_csrf(person)
    sign_out()
    return answer({"success": True})


@blueprint.get("/me")
def me() -> Response:
    """Say who is signed in, with the CSRF token of the session."""
    return _me(current_person())


def _me(person: SignedIn) -> Response:
    user = {"id": person.user_id, "email": person.email}
    return answer({"user": user, "csrf_token": person.csrf_token})
