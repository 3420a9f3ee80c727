"""Keep what the tracer reckoned of a call, also where its client posted another cost."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("obs_events", sa.Column("tracer_cost_nusd", sa.BigInteger(), nullable=True))
    op.execute(
        "UPDATE obs_events SET tracer_cost_nusd = sent_cost_nusd WHERE sent_cost_source = 'tracer'"
    )


def downgrade() -> None:
    op.drop_column("obs_events", "tracer_cost_nusd")
