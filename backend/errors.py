"""Errors of the API: every one is `{"error": "what is wrong and how to mend it"}`.

The OTLP endpoints say the same as a `google.rpc.Status`, as their protocol wants.
"""

from __future__ import annotations

import logging
import random

from flask import Flask, Response, request
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from backend.answers import answer
from backend.rpc_status import error_answer
from backend.store import StatementTooSlow, StoreFull, StoreUnavailable

_log = logging.getLogger(__name__)

_SENTENCES = {
    400: "the request is malformed",
    404: "there is nothing at this address; GET / lists the addresses",
    405: "this address does not take that method",
    413: "the body is too large: send smaller batches",
    415: "the body's type is not supported",
}


class ApiError(Exception):
    """What a view raises to answer `status` with a sentence for the caller."""

    def __init__(self, status: int, message: str, *, retry_after_s: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.retry_after_s = retry_after_s


def register_errors(app: Flask) -> None:
    """Make every error an answer for the caller; details of the unexpected go to the log only."""
    app.register_error_handler(ApiError, _api_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(StatementTooSlow, _too_slow)
    for unavailable in (StoreUnavailable, OperationalError, InterfaceError, PoolTimeout):
        app.register_error_handler(unavailable, _store_unavailable)
    app.register_error_handler(500, _unexpected)


def _error(status: int, message: str, retry_after_s: int | None = None) -> Response:
    if request.path.startswith("/v1/"):
        response = error_answer(request, status, message)
    else:
        response = answer({"error": message}, status)
    if retry_after_s is not None:
        response.headers["Retry-After"] = str(retry_after_s)
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="otel-bridge"'
    return response


def _api_error(error: ApiError) -> Response:
    return _error(error.status, error.message, error.retry_after_s)


def _http_error(error: HTTPException) -> Response:
    """Keep the headers of the framework's answer that belong to its status (Allow, Location)."""
    status = error.code or 500
    response = _error(status, _SENTENCES.get(status, error.name.lower()))
    for name, value in error.get_headers(request.environ):
        if name in ("Allow", "Location"):
            response.headers[name] = value
    return response


def _store_unavailable(error: Exception) -> Response:
    """Say that nothing was stored and when to come back: spread, so that not all come at once."""
    _log.warning("store unavailable at %s: %s", request.path, error)
    state = "has no room left on its disk" if isinstance(error, StoreFull) else "is unavailable"
    sentence = f"the store {state}: nothing was lost, send it again"
    return _error(503, sentence, random.randint(1, 3))  # noqa: S311 (spreads retries)


def _too_slow(error: Exception) -> Response:
    """Say that the same would take as long again, and what would not."""
    _log.warning("a statement took too long at %s: %s", request.path, error)
    sentence = (
        "the database took longer than OBS_STATEMENT_TIMEOUT_MS allows: ask for less at once, such"
        " as fewer days, a narrower filter or a cursor instead of an offset; nothing was lost"
    )
    return _error(503, sentence, random.randint(1, 3))  # noqa: S311 (spreads retries)


def _unexpected(_: Exception) -> Response:
    """Answer what nobody foresaw; the framework has logged it with its trace."""
    return _error(500, "an unexpected error: the server's log has the details")
