"""Whether the server lives, whether it can work, and where everything is."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from flask import Blueprint, Response
from sqlalchemy.exc import SQLAlchemyError

from backend.answers import answer
from backend.errors import ApiError
from backend.schema_version import newest_revision, revision_of
from backend.services import services

blueprint = Blueprint("health", __name__)

_LINKS = {
    "events": "/api/obs/ingest/events",
    "traces": "/v1/traces",
    "overview": "/api/obs/metrics/overview",
    "agents": "/api/obs/metrics/agents",
    "runs": "/api/obs/runs",
    "pricing": "/api/obs/pricing",
    "health": "/healthz",
    "readiness": "/readyz",
}


@blueprint.get("/")
def index() -> Response:
    """Answer what this is and where to look."""
    return answer({"name": "otel-bridge", "version": installed_version(), "links": _LINKS})


@blueprint.get("/healthz")
def healthz() -> Response:
    """Answer that the process lives."""
    return answer({"status": "ok"})


@blueprint.get("/readyz")
def readyz() -> Response:
    """Answer whether the database can be reached and has this version's schema."""
    try:
        revision = revision_of(services().engine)
    except SQLAlchemyError as error:
        raise ApiError(503, "the database cannot be used", retry_after_s=2) from error
    if revision != newest_revision():
        sentence = "the database's schema is not this version's: run `otel-bridge db upgrade`"
        raise ApiError(503, sentence, retry_after_s=3)
    return answer({"status": "ready"})


def installed_version() -> str:
    """Return the version of the installed package."""
    try:
        return version("otel-bridge")
    except PackageNotFoundError:
        return "0"
