"""Store and count what the mapping could not make sense of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("obs_events", sa.Column("warnings", sa.String(length=255), nullable=True))
    op.create_index(
        "ix_obs_events_warnings",
        "obs_events",
        ["user_id", "created_us"],
        unique=False,
        postgresql_where=sa.text("warnings IS NOT NULL"),
        sqlite_where=sa.text("warnings IS NOT NULL"),
    )
    op.create_table(
        "obs_warning_rollups",
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("bucket_us", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("scope", sa.String(length=255), nullable=False),
        sa.Column("provider", sa.String(length=64), nullable=False),
        sa.Column("model", sa.String(length=255), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_obs_warning_rollups_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "user_id",
            "bucket_us",
            "code",
            "scope",
            "provider",
            "model",
            name=op.f("pk_obs_warning_rollups"),
        ),
        sqlite_with_rowid=False,
    )
    # What was set aside before is counted too: it may be decided otherwise, and is then taken away.
    op.execute(
        "INSERT INTO obs_warning_rollups"
        " SELECT user_id, created_us - created_us % 900000000 AS bucket_us, set_aside_reason,"
        " coalesce(scope, ''), coalesce(provider, ''), coalesce(model, ''), count(*)"
        " FROM obs_events WHERE set_aside_reason IS NOT NULL GROUP BY 1, 2, 3, 4, 5, 6"
    )


def downgrade() -> None:
    op.drop_table("obs_warning_rollups")
    op.drop_index("ix_obs_events_warnings", table_name="obs_events")
    op.drop_column("obs_events", "warnings")
