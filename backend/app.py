"""The application: the areas put together, a blueprint each."""

from __future__ import annotations

from flask import Flask, Response
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import BaseConverter

import backend.agents.routes
import backend.auth.key_routes
import backend.auth.routes
import backend.health
import backend.ingest.otlp_routes
import backend.ingest.routes
import backend.metrics.event_routes
import backend.metrics.internal_routes
import backend.metrics.routes
import backend.metrics.run_routes
import backend.pricing.routes
from backend.auth.sessions import configure_sessions
from backend.db import engine_of
from backend.errors import register_errors
from backend.services import EXTENSION, Services
from backend.settings import Settings
from backend.store import EventStore, Patience
from otel_bridge.errors import ConfigurationError

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class _RowId(BaseConverter):
    """An id in a path; a number that no row can have becomes 0, which no row has either."""

    regex = "[0-9]+"

    def to_python(self, value: str) -> int:
        """Return the id."""
        return int(value) if len(value) <= 18 else 0


def create_app(settings: Settings, *, store: EventStore | None = None) -> Flask:
    """Return the application; `store` is made from the settings where none is given."""
    if not settings.secret_key:
        raise ConfigurationError("SECRET_KEY is missing: sessions cannot be signed without it")
    engine = engine_of(settings)
    if store is None:
        store = EventStore(
            engine,
            max_agents_per_owner=settings.max_agents_per_owner,
            patience=Patience.of_minutes(
                stuck_after=settings.run_stuck_minutes, closed_after=settings.run_timeout_minutes
            ),
        )
    app = Flask("backend", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    app.extensions[EXTENSION] = Services.of(settings, engine, store)
    app.url_map.converters["id"] = _RowId
    app.url_map.strict_slashes = False
    configure_sessions(app, settings.secret_key)
    register_errors(app)
    _register_areas(app)
    app.after_request(_with_headers)
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]  # Flask's own way to add middleware
    return app


def _register_areas(app: Flask) -> None:
    for area in (
        backend.health,
        backend.auth.routes,
        backend.auth.key_routes,
        backend.ingest.routes,
        backend.ingest.otlp_routes,
        backend.agents.routes,
        backend.metrics.routes,
        backend.metrics.event_routes,
        backend.metrics.run_routes,
        backend.metrics.internal_routes,
        backend.pricing.routes,
    ):
        app.register_blueprint(area.blueprint)


def _with_headers(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    if "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-store"
    return response
