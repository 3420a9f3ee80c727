"""Create sums per quarter-hour and per day."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "obs_rollups",
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("bucket_us", sa.BigInteger(), nullable=False),
        sa.Column("agent_id", sa.BigInteger(), nullable=False),
        sa.Column("event_type", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.Column("provider", sa.String(length=64), nullable=False),
        sa.Column("model", sa.String(length=255), nullable=False),
        sa.Column("tool", sa.String(length=255), nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("counted", sa.BigInteger(), nullable=False),
        sa.Column("tokens_in", sa.BigInteger(), nullable=False),
        sa.Column("tokens_out", sa.BigInteger(), nullable=False),
        sa.Column("tokens_cache_read", sa.BigInteger(), nullable=False),
        sa.Column("tokens_cache_write", sa.BigInteger(), nullable=False),
        sa.Column("tokens_reasoning", sa.BigInteger(), nullable=False),
        sa.Column("cost_nusd", sa.BigInteger(), nullable=False),
        sa.Column("unpriced", sa.BigInteger(), nullable=False),
        sa.Column("latency_sum_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_obs_rollups_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint(
            "user_id",
            "bucket_us",
            "agent_id",
            "event_type",
            "status",
            "provider",
            "model",
            "tool",
            name=op.f("pk_obs_rollups"),
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "obs_latency_rollups",
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("bucket_us", sa.BigInteger(), nullable=False),
        sa.Column("agent_id", sa.BigInteger(), nullable=False),
        sa.Column("event_type", sa.String(length=16), nullable=False),
        sa.Column("provider", sa.String(length=64), nullable=False),
        sa.Column("model", sa.String(length=255), nullable=False),
        sa.Column("tool", sa.String(length=255), nullable=False),
        sa.Column("latency_bucket", sa.Integer(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_obs_latency_rollups_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "user_id",
            "bucket_us",
            "agent_id",
            "event_type",
            "provider",
            "model",
            "tool",
            "latency_bucket",
            name=op.f("pk_obs_latency_rollups"),
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "obs_dirty_days",
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_obs_dirty_days_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("user_id", "day", name=op.f("pk_obs_dirty_days")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "obs_agent_daily_metrics",
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("agent_key", sa.BigInteger(), nullable=False),
        sa.Column("agent_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("total_runs", sa.BigInteger(), nullable=False),
        sa.Column("successful_runs", sa.BigInteger(), nullable=False),
        sa.Column("failed_runs", sa.BigInteger(), nullable=False),
        sa.Column("total_events", sa.BigInteger(), nullable=False),
        sa.Column("errors", sa.BigInteger(), nullable=False),
        sa.Column("llm_calls", sa.BigInteger(), nullable=False),
        sa.Column("llm_errors", sa.BigInteger(), nullable=False),
        sa.Column("total_tool_calls", sa.BigInteger(), nullable=False),
        sa.Column("tool_errors", sa.BigInteger(), nullable=False),
        sa.Column("unpriced_calls", sa.BigInteger(), nullable=False),
        sa.Column("total_tokens_in", sa.BigInteger(), nullable=False),
        sa.Column("total_tokens_out", sa.BigInteger(), nullable=False),
        sa.Column("total_tokens_cache_read", sa.BigInteger(), nullable=False),
        sa.Column("total_tokens_cache_write", sa.BigInteger(), nullable=False),
        sa.Column("total_tokens_reasoning", sa.BigInteger(), nullable=False),
        sa.Column("total_cost_nusd", sa.BigInteger(), nullable=False),
        sa.Column("latency_p50_ms", sa.Double(), nullable=True),
        sa.Column("latency_p95_ms", sa.Double(), nullable=True),
        sa.Column("latency_avg_ms", sa.Double(), nullable=True),
        sa.Column("models_used", sa.Text(), nullable=False),
        sa.Column("last_heartbeat_us", sa.BigInteger(), nullable=True),
        sa.Column("aggregated_us", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "agent_id IS NULL OR agent_id = agent_key",
            name=op.f("ck_obs_agent_daily_metrics_agent_key"),
        ),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agents.id"], name=op.f("fk_obs_agent_daily_metrics_agent_id_agents")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_obs_agent_daily_metrics_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "user_id", "day", "agent_key", name=op.f("pk_obs_agent_daily_metrics")
        ),
    )


def downgrade() -> None:
    op.drop_table("obs_agent_daily_metrics")
    op.drop_table("obs_dirty_days")
    op.drop_table("obs_latency_rollups")
    op.drop_table("obs_rollups")
