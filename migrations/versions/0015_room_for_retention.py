"""Make room for retention: what it must know, indexes that stay small, tables that are cleaned."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

#: When the rows of before came is not known: they are kept as long as if they came now.
_NOW_US = {
    "sqlite": "CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)",
    "postgresql": "CAST(extract(epoch FROM now()) * 1000000 AS bigint)",
}
#: The types of today; a later one is a migration of its own.
_TYPES = (
    *("run_started", "run_finished", "action_started", "action_finished"),
    *("tool_call", "tool_result", "llm_call", "error", "metric", "heartbeat"),
)
#: Retention frees a hundredth of these tables a day, and PostgreSQL would wait for a fifth.
_CLEANED_AFTER = {
    "obs_events": "autovacuum_vacuum_scale_factor = 0.01, autovacuum_analyze_scale_factor = 0.02",
    "obs_runs": "autovacuum_vacuum_scale_factor = 0.02",
}

_LINKS = sa.table("obs_span_links", sa.column("received_us"))


def upgrade() -> None:
    op.add_column("users", sa.Column("raw_since_us", sa.BigInteger(), nullable=True))
    op.add_column("obs_span_links", sa.Column("received_us", sa.BigInteger(), nullable=True))
    now_us: sa.ColumnClause[int] = sa.literal_column(_NOW_US[op.get_bind().dialect.name])
    op.execute(sa.update(_LINKS).values(received_us=now_us))
    op.create_index(
        "ix_obs_span_links_received", "obs_span_links", ["user_id", "received_us"], unique=False
    )
    op.drop_index("ix_obs_events_type", table_name="obs_events")
    for event_type in _TYPES:
        is_type = sa.text(f"event_type = '{event_type}'")
        op.create_index(
            f"ix_obs_events_type_{event_type}",
            "obs_events",
            ["user_id", "created_us"],
            unique=False,
            postgresql_where=is_type,
            sqlite_where=is_type,
        )
    if op.get_bind().dialect.name == "postgresql":
        for table, settings in _CLEANED_AFTER.items():
            op.execute(f"ALTER TABLE {table} SET ({settings})")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table, settings in _CLEANED_AFTER.items():
            names = ", ".join(setting.partition(" ")[0] for setting in settings.split(", "))
            op.execute(f"ALTER TABLE {table} RESET ({names})")
    for event_type in _TYPES:
        op.drop_index(f"ix_obs_events_type_{event_type}", table_name="obs_events")
    op.create_index(
        "ix_obs_events_type", "obs_events", ["user_id", "event_type", "created_us"], unique=False
    )
    op.drop_index("ix_obs_span_links_received", table_name="obs_span_links")
    op.drop_column("obs_span_links", "received_us")
    op.drop_column("users", "raw_since_us")
