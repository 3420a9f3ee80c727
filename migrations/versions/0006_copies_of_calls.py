"""Find the spans by which several tracers tell one call, in whatever trace they stand."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("obs_events", sa.Column("likeness", sa.String(length=32), nullable=True))
    op.create_index(
        "ix_obs_events_response",
        "obs_events",
        ["user_id", "response_id"],
        unique=False,
        postgresql_where=sa.text("response_id IS NOT NULL"),
        sqlite_where=sa.text("response_id IS NOT NULL"),
    )
    op.create_index(
        "ix_obs_events_likeness",
        "obs_events",
        ["user_id", "likeness", "created_us"],
        unique=False,
        postgresql_where=sa.text("likeness IS NOT NULL"),
        sqlite_where=sa.text("likeness IS NOT NULL"),
    )
    op.create_table(
        "obs_tracers",
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("scope", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_obs_tracers_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("user_id", "scope", name=op.f("pk_obs_tracers")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("obs_tracers")
    op.drop_index("ix_obs_events_likeness", table_name="obs_events")
    op.drop_index("ix_obs_events_response", table_name="obs_events")
    op.drop_column("obs_events", "likeness")
