"""What the views work with: made once per app, found through the current one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from flask import current_app
from sqlalchemy import Engine

from backend.auth.keys import KeyRing
from backend.auth.passwords import Passwords
from backend.auth.throttle import FailureThrottle
from backend.pricing.books import PriceBooks
from backend.retention import RetentionDays
from backend.settings import Settings
from backend.store import EventStore

EXTENSION = "otel_bridge"


@dataclass(frozen=True, slots=True)
class Services:
    """The app's settings, store and caches."""

    settings: Settings
    engine: Engine
    store: EventStore
    keys: KeyRing
    books: PriceBooks
    retention: RetentionDays
    passwords: Passwords
    login_failures: FailureThrottle

    @classmethod
    def of(cls, settings: Settings, engine: Engine, store: EventStore) -> Services:
        """Return the services of one app."""
        return cls(
            settings=settings,
            engine=engine,
            store=store,
            keys=KeyRing(engine),
            books=PriceBooks(engine),
            retention=RetentionDays(engine, default_days=settings.retention_days),
            passwords=Passwords(),
            login_failures=FailureThrottle(),
        )


def services() -> Services:
    """Return the services of the app that answers the current request."""
    return cast("Services", current_app.extensions[EXTENSION])
