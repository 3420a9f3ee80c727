"""Runs migrations on the engine that `backend.db` hands over, in one transaction."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Engine, text

from backend.models import Base

#: Any number that nothing else locks: replicas that start together migrate one after the other.
_MIGRATION_LOCK = 7_364_001


def run_migrations() -> None:
    engine: Engine = context.config.attributes["engine"]
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            transactional_ddl=True,
            render_as_batch=connection.dialect.name == "sqlite",
        )
        with context.begin_transaction():
            context.run_migrations()


run_migrations()
