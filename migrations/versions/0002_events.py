"""Create events, the spans between them, and runs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "obs_events",
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("identity", sa.String(length=255), nullable=True),
        sa.Column("event_type", sa.String(length=16), nullable=False),
        sa.Column("agent_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("run_id", sa.String(length=36), nullable=True),
        sa.Column("counted", sa.Boolean(), nullable=False),
        sa.Column("set_aside_reason", sa.String(length=255), nullable=True),
        sa.Column("sent_event_type", sa.String(length=16), nullable=False),
        sa.Column("agent_id_hint", sa.BigInteger(), nullable=True),
        sa.Column("agent_name", sa.String(length=255), nullable=True),
        sa.Column("default_agent", sa.String(length=255), nullable=True),
        sa.Column("run_hint", sa.String(length=36), nullable=True),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=True),
        sa.Column("provider", sa.String(length=64), nullable=True),
        sa.Column("model", sa.String(length=255), nullable=True),
        sa.Column("tool", sa.String(length=255), nullable=True),
        sa.Column("tokens_in", sa.BigInteger(), nullable=True),
        sa.Column("tokens_out", sa.BigInteger(), nullable=True),
        sa.Column("tokens_cache_read", sa.BigInteger(), nullable=True),
        sa.Column("tokens_cache_write", sa.BigInteger(), nullable=True),
        sa.Column("tokens_reasoning", sa.BigInteger(), nullable=True),
        sa.Column("cost_nusd", sa.BigInteger(), nullable=True),
        sa.Column("cost_source", sa.String(length=16), nullable=True),
        sa.Column("latency_ms", sa.BigInteger(), nullable=True),
        sa.Column("error_message", sa.String(length=1000), nullable=True),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("started_us", sa.BigInteger(), nullable=True),
        sa.Column("received_us", sa.BigInteger(), nullable=False),
        sa.Column("trace_id", sa.String(length=64), nullable=True),
        sa.Column("span_id", sa.String(length=64), nullable=True),
        sa.Column("parent_span_id", sa.String(length=64), nullable=True),
        sa.Column("operation", sa.String(length=32), nullable=True),
        sa.Column("scope", sa.String(length=255), nullable=True),
        sa.Column("response_id", sa.String(length=255), nullable=True),
        sa.Column("resource", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agents.id"], name=op.f("fk_obs_events_agent_id_agents")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_obs_events_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("uid", name=op.f("pk_obs_events")),
        sa.UniqueConstraint("user_id", "identity", name=op.f("uq_obs_events_user_id_identity")),
    )
    op.create_index(
        "ix_obs_events_agent", "obs_events", ["user_id", "agent_id", "created_us"], unique=False
    )
    op.create_index(
        "ix_obs_events_error",
        "obs_events",
        ["user_id", "created_us"],
        unique=False,
        postgresql_where=sa.text("status = 'error'"),
        sqlite_where=sa.text("status = 'error'"),
    )
    op.create_index(
        "ix_obs_events_hint",
        "obs_events",
        ["user_id", "run_hint"],
        unique=False,
        postgresql_where=sa.text("run_hint IS NOT NULL"),
        sqlite_where=sa.text("run_hint IS NOT NULL"),
    )
    op.create_index(
        "ix_obs_events_model",
        "obs_events",
        ["user_id", "model", "created_us"],
        unique=False,
        postgresql_where=sa.text("model IS NOT NULL"),
        sqlite_where=sa.text("model IS NOT NULL"),
    )
    op.create_index("ix_obs_events_newest", "obs_events", ["user_id", "created_us"], unique=False)
    op.create_index(
        "ix_obs_events_run",
        "obs_events",
        ["user_id", "run_id"],
        unique=False,
        postgresql_where=sa.text("run_id IS NOT NULL"),
        sqlite_where=sa.text("run_id IS NOT NULL"),
    )
    op.create_index(
        "ix_obs_events_trace",
        "obs_events",
        ["user_id", "trace_id"],
        unique=False,
        postgresql_where=sa.text("trace_id IS NOT NULL"),
        sqlite_where=sa.text("trace_id IS NOT NULL"),
    )
    op.create_index(
        "ix_obs_events_type", "obs_events", ["user_id", "event_type", "created_us"], unique=False
    )
    op.create_table(
        "obs_span_links",
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("trace_id", sa.String(length=64), nullable=False),
        sa.Column("span_id", sa.String(length=64), nullable=False),
        sa.Column("parent_span_id", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_obs_span_links_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("user_id", "trace_id", "span_id", name=op.f("pk_obs_span_links")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "obs_runs",
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("run_id", sa.String(length=36), nullable=False),
        sa.Column("agent_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.Column("model", sa.String(length=255), nullable=True),
        sa.Column("total_tokens_in", sa.BigInteger(), nullable=False),
        sa.Column("total_tokens_out", sa.BigInteger(), nullable=False),
        sa.Column("total_cost_nusd", sa.BigInteger(), nullable=False),
        sa.Column("total_latency_ms", sa.BigInteger(), nullable=True),
        sa.Column("events_count", sa.BigInteger(), nullable=False),
        sa.Column("llm_calls_count", sa.BigInteger(), nullable=False),
        sa.Column("tool_calls_count", sa.BigInteger(), nullable=False),
        sa.Column("error_message", sa.String(length=1000), nullable=True),
        sa.Column("started_us", sa.BigInteger(), nullable=False),
        sa.Column("finished_us", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agents.id"], name=op.f("fk_obs_runs_agent_id_agents")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_obs_runs_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "run_id", name=op.f("pk_obs_runs")),
    )
    op.create_index(
        "ix_obs_runs_agent", "obs_runs", ["user_id", "agent_id", "started_us"], unique=False
    )
    op.create_index("ix_obs_runs_newest", "obs_runs", ["user_id", "started_us"], unique=False)


def downgrade() -> None:
    op.drop_table("obs_runs")
    op.drop_table("obs_span_links")
    op.drop_table("obs_events")
