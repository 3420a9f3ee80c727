"""Keep from when an owner's raw events are complete, and when a span without events came."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0013"
branch_labels = None
depends_on = None

#: When the rows of before came is not known: they are kept as long as if they came now.
_NOW_US = {
    "sqlite": "CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)",
    "postgresql": "CAST(extract(epoch FROM now()) * 1000000 AS bigint)",
}
_LINKS = sa.table("obs_span_links", sa.column("received_us"))


def upgrade() -> None:
    op.add_column("users", sa.Column("raw_since_us", sa.BigInteger(), nullable=True))
    op.add_column("obs_span_links", sa.Column("received_us", sa.BigInteger(), nullable=True))
    now_us: sa.ColumnClause[int] = sa.literal_column(_NOW_US[op.get_bind().dialect.name])
    op.execute(sa.update(_LINKS).values(received_us=now_us))
    op.create_index(
        "ix_obs_span_links_received", "obs_span_links", ["user_id", "received_us"], unique=False
    )


def downgrade() -> None:
    op.drop_index("ix_obs_span_links_received", table_name="obs_span_links")
    op.drop_column("obs_span_links", "received_us")
    op.drop_column("users", "raw_since_us")
