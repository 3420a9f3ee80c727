"""Find repeats by a digest of their key, and keep the key only where the span does not tell it."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from alembic import op
from alembic.operations import BatchOperations

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_PHASES = {
    "run_started": "started",
    "action_started": "started",
    "run_finished": "finished",
    "action_finished": "finished",
}
_TYPES = (
    *("run_started", "run_finished", "action_started", "action_finished"),
    *("tool_call", "tool_result", "llm_call", "error", "metric", "heartbeat"),
)
_PARTIAL = {
    "ix_obs_events_error": "status = 'error'",
    "ix_obs_events_odd": "warnings IS NOT NULL OR set_aside_reason IS NOT NULL",
    **{f"ix_obs_events_type_{name}": f"event_type = '{name}'" for name in _TYPES},
}
_PAGE = 2000
_EVENTS = sa.table(
    "obs_events",
    sa.column("uid", sa.Uuid()),
    sa.column("event_type", sa.String()),
    sa.column("trace_id", sa.String()),
    sa.column("span_id", sa.String()),
    sa.column("identity", sa.String()),
    sa.column("digest", sa.Uuid()),
    sa.column("dedupe_key", sa.String()),
)
_OF = _EVENTS.c


def upgrade() -> None:
    op.add_column("obs_events", sa.Column("dedupe_key", sa.String(length=255), nullable=True))
    op.add_column("obs_events", sa.Column("digest", sa.Uuid(), nullable=True))
    for page in _pages(_OF.identity):
        _update(page, lambda row: {"digest": _digest(row.identity), "dedupe_key": _own_key(row)})
    with _rebuilt() as events:
        events.drop_constraint("uq_obs_events_user_id_identity", type_="unique")
        events.drop_column("identity")
    op.execute("ALTER TABLE obs_events RENAME COLUMN digest TO identity")
    is_known = sa.text("identity IS NOT NULL")
    op.create_index(
        "ix_obs_events_identity",
        "obs_events",
        ["user_id", "identity"],
        unique=True,
        postgresql_where=is_known,
        sqlite_where=is_known,
    )


def downgrade() -> None:
    op.drop_index("ix_obs_events_identity", "obs_events")
    op.execute("ALTER TABLE obs_events RENAME COLUMN identity TO digest")
    op.add_column("obs_events", sa.Column("identity", sa.String(length=255), nullable=True))
    for page in _pages(_OF.digest, _OF.dedupe_key):
        _update(page, lambda row: {"identity": row.dedupe_key or _span_key(row)})
    with _rebuilt() as events:
        events.drop_column("digest")
        events.drop_column("dedupe_key")
        events.create_unique_constraint("uq_obs_events_user_id_identity", ["user_id", "identity"])


@contextmanager
def _rebuilt() -> Iterator[BatchOperations]:
    """Change the table, which SQLite does by copying it.

    Of two indexes that begin with the owner's times, SQLite takes the one that was made last: the
    partial ones must be made after the one of all events.
    """
    for name in _PARTIAL:
        op.drop_index(name, "obs_events")
    with op.batch_alter_table("obs_events") as events:
        yield events
    for name, is_one in _PARTIAL.items():
        op.create_index(
            name,
            "obs_events",
            ["user_id", "created_us"],
            postgresql_where=sa.text(is_one),
            sqlite_where=sa.text(is_one),
        )


def _pages(known: sa.ColumnElement[Any], *more: sa.ColumnElement[Any]) -> Iterator[Sequence[Any]]:
    """Yield the events of which that column is known, some at a time."""
    columns = (_OF.uid, _OF.event_type, _OF.trace_id, _OF.span_id, known, *more)
    query = sa.select(*columns).where(known.is_not(None)).order_by(_OF.uid).limit(_PAGE)
    page = op.get_bind().execute(query).all()
    while page:
        yield page
        page = op.get_bind().execute(query.where(_OF.uid > page[-1].uid)).all()


def _update(page: Sequence[Any], values_of: Callable[[Any], dict[str, Any]]) -> None:
    changes = [{"of_uid": row.uid, **values_of(row)} for row in page]
    op.get_bind().execute(
        sa.update(_EVENTS)
        .where(_OF.uid == sa.bindparam("of_uid"))
        .values({name: sa.bindparam(name) for name in changes[0] if name != "of_uid"}),
        changes,
    )


def _digest(identity: str) -> uuid.UUID:
    text = identity.encode("utf-8", "surrogatepass")
    return uuid.UUID(bytes=hashlib.blake2b(text, digest_size=16).digest())


def _own_key(row: Any) -> str | None:
    """Return the key where it is not the one that the span implies."""
    return None if row.identity == _span_key(row) else row.identity


def _span_key(row: Any) -> str:
    phase = _PHASES.get(row.event_type, row.event_type)
    return f"otel:{row.trace_id}:{row.span_id}:{phase}"
