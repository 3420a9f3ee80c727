"""Create prices of models."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "obs_llm_pricing",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("provider", sa.String(length=64), nullable=False),
        sa.Column("model", sa.String(length=255), nullable=False),
        sa.Column("input_cost_per_mtok", sa.String(length=64), nullable=True),
        sa.Column("output_cost_per_mtok", sa.String(length=64), nullable=True),
        sa.Column("cache_read_cost_per_mtok", sa.String(length=64), nullable=True),
        sa.Column("cache_write_cost_per_mtok", sa.String(length=64), nullable=True),
        sa.Column("effective_from_us", sa.BigInteger(), nullable=True),
        sa.Column("effective_to_us", sa.BigInteger(), nullable=True),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_obs_llm_pricing_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_obs_llm_pricing")),
    )
    op.create_index(
        op.f("ix_obs_llm_pricing_user_id_provider_model"),
        "obs_llm_pricing",
        ["user_id", "provider", "model"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_table("obs_llm_pricing")
