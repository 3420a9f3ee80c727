"""Alert rules and their firings."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from backend.models.base import AgentId, Base, ExactDecimal, OwnerId, RowId, Wide


class AlertRule(Base):
    """A threshold that an owner wants to hear about."""

    __tablename__ = "obs_alert_rules"
    __table_args__ = (Index(None, "user_id", "created_us"),)

    id: Mapped[RowId]
    user_id: Mapped[OwnerId]
    #: None: the whole workspace.
    agent_id: Mapped[AgentId | None]
    name: Mapped[str] = mapped_column(String(255))
    rule_type: Mapped[str] = mapped_column(String(32))
    threshold: Mapped[Decimal] = mapped_column(ExactDecimal)
    window_minutes: Mapped[int] = mapped_column(default=60, server_default="60")
    cooldown_minutes: Mapped[int] = mapped_column(default=360, server_default="360")
    is_enabled: Mapped[bool] = mapped_column(default=True)
    #: Compared and set by the evaluator that fires, so that only one of several does.
    last_triggered_us: Mapped[Wide | None]
    created_us: Mapped[Wide]


class AlertEvent(Base):
    """One firing. It stays when its rule is deleted."""

    __tablename__ = "obs_alert_events"
    __table_args__ = (
        Index(None, "user_id", "triggered_us"),
        Index(None, "rule_id"),
    )

    id: Mapped[RowId]
    user_id: Mapped[OwnerId]
    rule_id: Mapped[int | None] = mapped_column(
        ForeignKey("obs_alert_rules.id", ondelete="SET NULL")
    )
    agent_id: Mapped[AgentId | None]
    rule_type: Mapped[str] = mapped_column(String(32))
    metric_value: Mapped[Decimal | None] = mapped_column(ExactDecimal)
    threshold_value: Mapped[Decimal] = mapped_column(ExactDecimal)
    message: Mapped[str] = mapped_column(String(1000))
    triggered_us: Mapped[Wide]
    acknowledged_us: Mapped[Wide | None]
