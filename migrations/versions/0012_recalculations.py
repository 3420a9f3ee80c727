"""Recalculate what calls cost, so that it can be taken back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_COUNTS = (
    "events",
    "calls",
    "newly_priced",
    "no_longer_priced",
    "cost_before_nusd",
    "cost_after_nusd",
    "restored",
    "skipped",
)


def upgrade() -> None:
    op.create_table(
        "obs_recalculations",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("user_id", _ID, nullable=False),
        sa.Column("start_us", sa.BigInteger(), nullable=False),
        sa.Column("end_us", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.Column("runner", sa.Uuid(), nullable=False),
        sa.Column("beat_us", sa.BigInteger(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=True),
        sa.Column("at_uid", sa.Uuid(), nullable=True),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in _COUNTS),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("finished_us", sa.BigInteger(), nullable=True),
        sa.Column("undone_us", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_obs_recalculations_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_obs_recalculations")),
    )
    op.create_index(
        op.f("ix_obs_recalculations_user_id_id"),
        "obs_recalculations",
        ["user_id", "id"],
        unique=False,
    )
    op.create_table(
        "obs_recalculation_changes",
        sa.Column("recalculation_id", _ID, nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("event_uid", sa.Uuid(), nullable=False),
        sa.Column("told", sa.String(length=32), nullable=False),
        sa.Column("cost_before_nusd", sa.BigInteger(), nullable=True),
        sa.Column("source_before", sa.String(length=16), nullable=True),
        sa.Column("version_before", sa.String(length=64), nullable=True),
        sa.Column("cost_after_nusd", sa.BigInteger(), nullable=True),
        sa.Column("source_after", sa.String(length=16), nullable=True),
        sa.Column("version_after", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["recalculation_id"],
            ["obs_recalculations.id"],
            name=op.f("fk_obs_recalculation_changes_recalculation"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "recalculation_id",
            "created_us",
            "event_uid",
            name=op.f("pk_obs_recalculation_changes"),
        ),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("obs_recalculation_changes")
    op.drop_table("obs_recalculations")
