"""The database of a command: reachable and migrated, or one clear line why not."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import click
from alembic.util.exc import CommandError
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from backend import db
from backend.settings import Settings
from backend.store import StoreUnavailable
from otel_bridge.errors import ConfigurationError

_ERRORS = (CommandError, ConfigurationError, SQLAlchemyError, StoreUnavailable, sqlite3.Error)


@contextmanager
def clear_errors() -> Iterator[None]:
    """Turn an error of the database into one line for a person."""
    try:
        yield
    except _ERRORS as error:
        reason = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
        raise click.ClickException(f"the database cannot be used: {reason}") from error


def make_ready(settings: Settings) -> None:
    """Migrate an embedded database; refuse a PostgreSQL that is behind, which replicas share."""
    with clear_errors():
        pending = db.pending(settings.database_url)
        if not pending:
            return
        if not settings.is_embedded:
            raise click.ClickException(
                f"the database lacks {len(pending)} migration(s): run `otel-bridge db upgrade`"
            )
        db.upgrade(settings.database_url)


@contextmanager
def ready_engine(settings: Settings) -> Iterator[Engine]:
    """Yield an engine on the migrated database."""
    make_ready(settings)
    engine = db.engine_of(settings)
    try:
        with clear_errors():
            yield engine
    finally:
        engine.dispose()
