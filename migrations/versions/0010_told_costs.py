"""Keep the cost that came with any event of a call: a price that goes before it may be removed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("obs_events", sa.Column("told_cost_nusd", sa.BigInteger(), nullable=True))
    op.add_column("obs_events", sa.Column("told_cost_source", sa.String(length=16), nullable=True))
    op.execute(
        "UPDATE obs_events SET told_cost_nusd = sent_cost_nusd,"
        " told_cost_source = sent_cost_source WHERE sent_cost_nusd IS NOT NULL"
    )
    # What another event of the call told is known where it is the cost that holds.
    op.execute(
        "UPDATE obs_events SET told_cost_nusd = cost_nusd, told_cost_source = cost_source"
        " WHERE sent_cost_nusd IS NULL AND cost_source IN ('client', 'tracer')"
    )


def downgrade() -> None:
    op.drop_column("obs_events", "told_cost_source")
    op.drop_column("obs_events", "told_cost_nusd")
