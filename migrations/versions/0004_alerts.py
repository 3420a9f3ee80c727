"""Create alert rules and firings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "obs_alert_rules",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("agent_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("rule_type", sa.String(length=32), nullable=False),
        sa.Column("threshold", sa.String(length=64), nullable=False),
        sa.Column("window_minutes", sa.Integer(), server_default="60", nullable=False),
        sa.Column("cooldown_minutes", sa.Integer(), server_default="360", nullable=False),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("last_triggered_us", sa.BigInteger(), nullable=True),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agents.id"], name=op.f("fk_obs_alert_rules_agent_id_agents")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_obs_alert_rules_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_obs_alert_rules")),
    )
    op.create_index(
        op.f("ix_obs_alert_rules_user_id_created_us"),
        "obs_alert_rules",
        ["user_id", "created_us"],
        unique=False,
    )
    op.create_table(
        "obs_alert_events",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("rule_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("agent_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("rule_type", sa.String(length=32), nullable=False),
        sa.Column("metric_value", sa.String(length=64), nullable=True),
        sa.Column("threshold_value", sa.String(length=64), nullable=False),
        sa.Column("message", sa.String(length=1000), nullable=False),
        sa.Column("triggered_us", sa.BigInteger(), nullable=False),
        sa.Column("acknowledged_us", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agents.id"], name=op.f("fk_obs_alert_events_agent_id_agents")
        ),
        sa.ForeignKeyConstraint(
            ["rule_id"],
            ["obs_alert_rules.id"],
            name=op.f("fk_obs_alert_events_rule_id_obs_alert_rules"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_obs_alert_events_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_obs_alert_events")),
    )
    op.create_index(
        op.f("ix_obs_alert_events_rule_id"), "obs_alert_events", ["rule_id"], unique=False
    )
    op.create_index(
        op.f("ix_obs_alert_events_user_id_triggered_us"),
        "obs_alert_events",
        ["user_id", "triggered_us"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_table("obs_alert_events")
    op.drop_table("obs_alert_rules")
