"""Keep what was sent of a call beside what its events tell together and what it costs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_COLUMNS = (
    ("price_version", sa.String(length=64)),
    ("session", sa.String(length=255)),
    ("as_sent", sa.Text()),
    ("sent_cost_nusd", sa.BigInteger()),
    ("sent_cost_source", sa.String(length=16)),
    ("delegate", sa.String(length=255)),
)


def upgrade() -> None:
    for name, kind in _COLUMNS:
        op.add_column("obs_events", sa.Column(name, kind, nullable=True))
    op.execute(
        "UPDATE obs_events SET sent_cost_nusd = cost_nusd, sent_cost_source = cost_source"
        " WHERE cost_source IN ('client', 'tracer')"
    )


def downgrade() -> None:
    for name, _ in reversed(_COLUMNS):
        op.drop_column("obs_events", name)
