"""Recalculations of what calls cost, and what each event cost before."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from backend.models.base import Base, EventId, OwnerId, RowId, Wide


class RecalculationRow(Base):
    """One recalculation of an owner's events in a half-open window."""

    __tablename__ = "obs_recalculations"
    __table_args__ = (Index(None, "user_id", "id"),)

    id: Mapped[RowId]
    user_id: Mapped[OwnerId]
    start_us: Mapped[Wide]
    end_us: Mapped[Wide]
    #: `running`, `done`, `undoing` or `undone`.
    status: Mapped[str] = mapped_column(String(8))
    #: Whoever works on it; one that was given up for lost finds another one here, and stops.
    runner: Mapped[UUID]
    #: When that one was last heard of.
    beat_us: Mapped[Wide]
    #: The event up to which the work is done, forwards or back.
    at_us: Mapped[Wide | None]
    at_uid: Mapped[bytes | None] = mapped_column(EventId)
    #: Events whose cost was changed, and those among them that count.
    events: Mapped[Wide] = mapped_column(default=0)
    calls: Mapped[Wide] = mapped_column(default=0)
    newly_priced: Mapped[Wide] = mapped_column(default=0)
    no_longer_priced: Mapped[Wide] = mapped_column(default=0)
    cost_before_nusd: Mapped[Wide] = mapped_column(default=0)
    cost_after_nusd: Mapped[Wide] = mapped_column(default=0)
    #: Events that cost again what they did, and those that had changed since and were left alone.
    restored: Mapped[Wide] = mapped_column(default=0)
    skipped: Mapped[Wide] = mapped_column(default=0)
    created_us: Mapped[Wide]
    finished_us: Mapped[Wide | None]
    undone_us: Mapped[Wide | None]


class RecalculationChange(Base):
    """What a recalculation changed of one event, in the order of the events' times.

    It points at no event: one that retention removed cannot be restored, and is skipped.
    """

    __tablename__ = "obs_recalculation_changes"
    __table_args__ = ({"sqlite_with_rowid": False},)

    recalculation_id: Mapped[int] = mapped_column(
        ForeignKey(
            "obs_recalculations.id",
            ondelete="CASCADE",
            # The name by our convention is longer than PostgreSQL's names.
            name="fk_obs_recalculation_changes_recalculation",
        ),
        primary_key=True,
    )
    created_us: Mapped[Wide] = mapped_column(primary_key=True)
    event_uid: Mapped[bytes] = mapped_column(EventId, primary_key=True)
    #: A digest of what was told of the call: another one now means other tokens, another cost.
    told: Mapped[str] = mapped_column(String(32))
    cost_before_nusd: Mapped[Wide | None]
    source_before: Mapped[str | None] = mapped_column(String(16))
    version_before: Mapped[str | None] = mapped_column(String(64))
    cost_after_nusd: Mapped[Wide | None]
    source_after: Mapped[str | None] = mapped_column(String(16))
    version_after: Mapped[str | None] = mapped_column(String(64))
