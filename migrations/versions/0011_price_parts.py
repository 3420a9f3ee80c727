"""Keep prices of every part of a call that may have one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_PARTS = (
    "cache_write_1h_cost_per_mtok",
    "reasoning_cost_per_mtok",
    "audio_in_cost_per_mtok",
    "audio_cache_read_cost_per_mtok",
    "audio_out_cost_per_mtok",
    "image_in_cost_per_mtok",
    "image_cache_read_cost_per_mtok",
    "image_out_cost_per_mtok",
)


def upgrade() -> None:
    for name in _PARTS:
        op.add_column("obs_llm_pricing", sa.Column(name, sa.String(length=64), nullable=True))
    op.add_column(
        "obs_llm_pricing",
        sa.Column(
            "cost_per_thousand_requests", sa.String(length=64), nullable=False, server_default="0"
        ),
    )


def downgrade() -> None:
    op.drop_column("obs_llm_pricing", "cost_per_thousand_requests")
    for name in reversed(_PARTS):
        op.drop_column("obs_llm_pricing", name)
