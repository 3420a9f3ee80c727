"""Who may do what: every view names one of the rules here.

- `with_ingest_key`: an API key with scope `ingest`.
- `with_reader`: a session, or an API key with scope `read`.
- `with_session`: a session only; what is not a read must carry the session's CSRF token.
- `with_cron_secret`: the operator's own cron.

A view gets the owner's id as its first argument, and so cannot forget whose data it shows.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec
from urllib.parse import unquote

from flask import Response, request

from backend.auth.keys import KeyHolder
from backend.auth.sessions import SignedIn, signed_in
from backend.errors import ApiError
from backend.services import services

P = ParamSpec("P")
OwnerView = Callable[Concatenate[int, P], Response]

CSRF_HEADER = "X-CSRF-Token"

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def with_ingest_key(view: OwnerView[P]) -> Callable[P, Response]:
    """Let keys with scope `ingest` in."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> Response:
        token = _bearer()
        if token is None:
            raise ApiError(401, "send an API key: Authorization: Bearer obsk_…")
        return view(_owner_of_key(token, "ingest"), *args, **kwargs)

    return guarded


def with_reader(view: OwnerView[P]) -> Callable[P, Response]:
    """Let sessions and keys with scope `read` in."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> Response:
        token = _bearer()
        if token is not None:
            return view(_owner_of_key(token, "read"), *args, **kwargs)
        return view(current_person().user_id, *args, **kwargs)

    return guarded


def with_session(view: OwnerView[P]) -> Callable[P, Response]:
    """Let sessions in; writes only with their CSRF token."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> Response:
        token = _bearer()
        if token is not None:
            _key_holder(token)
            raise ApiError(403, "an API key cannot do this: sign in instead")
        person = current_person()
        if request.method not in _SAFE_METHODS:
            require_csrf(person)
        return view(person.user_id, *args, **kwargs)

    return guarded


def with_cron_secret(view: Callable[P, Response]) -> Callable[P, Response]:
    """Let callers in that know the CRON_SECRET."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> Response:
        secret = services().settings.cron_secret
        token = _bearer()
        if token is None:
            raise ApiError(401, "send the cron secret: Authorization: Bearer <CRON_SECRET>")
        if secret is None:
            raise ApiError(403, "the server has no CRON_SECRET: set one to use this address")
        if not _same(token, secret):
            raise ApiError(401, "the cron secret is wrong")
        return view(*args, **kwargs)

    return guarded


def _bearer() -> str | None:
    """Return the token of the Authorization header; None without one.

    A key given through OTEL_EXPORTER_OTLP_HEADERS may arrive with its space still as %20.
    """
    header = request.headers.get("Authorization", "").strip()
    if not header:
        return None
    if header[:9].lower() == "bearer%20":
        header = unquote(header)
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise ApiError(401, "the Authorization header must be: Bearer <token>")
    return token.strip()


def _owner_of_key(token: str, scope: str) -> int:
    holder = _key_holder(token)
    if scope not in holder.scopes:
        raise ApiError(403, f"this API key lacks the scope {scope!r}: make one that has it")
    return holder.owner_id


def _key_holder(token: str) -> KeyHolder:
    holder = services().keys.holder(token)
    if holder is None:
        raise ApiError(401, "this API key is unknown or revoked")
    return holder


def current_person() -> SignedIn:
    """Return who is signed in; raise 401 where nobody is."""
    person = signed_in(services().engine)
    if person is None:
        raise ApiError(401, "sign in (POST /api/auth/login) or send an API key with scope read")
    return person


def require_csrf(person: SignedIn) -> None:
    """Raise 403 where the request may come from another site, which cannot know the token."""
    if not _same(request.headers.get(CSRF_HEADER, ""), person.csrf_token):
        raise ApiError(403, f"send the session's csrf_token in the header {CSRF_HEADER}")


def _same(given: str, expected: str) -> bool:
    """Compare in constant time; header bytes that are no text cannot break it."""
    return hmac.compare_digest(
        given.encode("utf-8", "surrogatepass"), expected.encode("utf-8", "surrogatepass")
    )
