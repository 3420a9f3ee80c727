"""Leave room in the pages of the roll-ups, so that PostgreSQL changes rows where they are."""

from __future__ import annotations

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

#: A day's sums change with every batch of the day. In a full page each change writes the row to
#: another page and adds an entry to the index.
_SETTINGS = {"fillfactor": "50", "autovacuum_vacuum_scale_factor": "0.02"}
_TABLES = ("obs_rollups", "obs_warning_rollups")


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        settings = ", ".join(f"{name} = {value}" for name, value in _SETTINGS.items())
        for table in _TABLES:
            op.execute(f"ALTER TABLE {table} SET ({settings})")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table in _TABLES:
            op.execute(f"ALTER TABLE {table} RESET ({', '.join(_SETTINGS)})")
