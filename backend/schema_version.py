"""Whether the database has the schema that this version of the server works with."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from sqlalchemy import Engine, text

_VERSIONS = Path(__file__).resolve().parent.parent / "migrations" / "versions"


@cache
def newest_revision() -> str:
    """Return the last migration's revision, with which its file's name begins."""
    return max(file.name.partition("_")[0] for file in _VERSIONS.glob("[0-9]*_*.py"))


def revision_of(engine: Engine) -> str | None:
    """Return the database's revision; raise what SQLAlchemy raises where it cannot be read."""
    with engine.connect() as connection:
        found = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return None if found is None else str(found)
