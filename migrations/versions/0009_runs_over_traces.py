"""Follow a run into the traces in which it goes on, and see when it was last heard of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "obs_span_links", sa.Column("parent_trace_id", sa.String(length=64), nullable=True)
    )
    op.create_index(
        "ix_obs_span_links_before",
        "obs_span_links",
        ["user_id", "parent_trace_id"],
        unique=False,
        postgresql_where=sa.text("parent_trace_id IS NOT NULL"),
        sqlite_where=sa.text("parent_trace_id IS NOT NULL"),
    )
    op.add_column(
        "obs_runs", sa.Column("last_us", sa.BigInteger(), nullable=False, server_default="0")
    )
    op.execute(
        "UPDATE obs_runs SET last_us = coalesce((SELECT max(e.created_us) FROM obs_events AS e"
        " WHERE e.user_id = obs_runs.user_id AND e.run_id = obs_runs.run_id), started_us)"
    )
    with op.batch_alter_table("obs_runs") as table:
        table.alter_column("last_us", server_default=None)


def downgrade() -> None:
    op.drop_column("obs_runs", "last_us")
    op.drop_index("ix_obs_span_links_before", table_name="obs_span_links")
    op.drop_column("obs_span_links", "parent_trace_id")
