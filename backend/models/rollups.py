"""Sums that every page, metric and alert is answered from."""

from __future__ import annotations

from datetime import date

from sqlalchemy import CheckConstraint, LargeBinary, SmallInteger, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from backend.models.base import AgentId, Base, OwnerKey, Wide


class Rollup(Base):
    """Sums of one quarter-hour, or of an hour or a day of the owner's time zone.

    `level` says which, and what they are folded over: see `backend.store.levels`. Absent agent is
    0, absent text '': a key cannot hold NULL. What a level is folded over is 0 and '' as well.
    """

    __tablename__ = "obs_rollups"
    __table_args__ = ({"sqlite_with_rowid": False},)

    user_id: Mapped[OwnerKey]
    level: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    #: Start of the quarter-hour, hour or day.
    bucket_us: Mapped[Wide] = mapped_column(primary_key=True)
    agent_id: Mapped[Wide] = mapped_column(primary_key=True)
    event_type: Mapped[str] = mapped_column(String(16), primary_key=True)
    status: Mapped[str] = mapped_column(String(8), primary_key=True)
    provider: Mapped[str] = mapped_column(String(64), primary_key=True)
    model: Mapped[str] = mapped_column(String(255), primary_key=True)
    tool: Mapped[str] = mapped_column(String(255), primary_key=True)
    #: All rows.
    events: Mapped[Wide]
    #: The rows that count as what they are: all but calls that were set aside.
    counted: Mapped[Wide]
    tokens_in: Mapped[Wide]
    tokens_out: Mapped[Wide]
    tokens_cache_read: Mapped[Wide]
    tokens_cache_write: Mapped[Wide]
    tokens_reasoning: Mapped[Wide]
    cost_nusd: Mapped[Wide]
    #: Calls without a known price, and their tokens.
    unpriced: Mapped[Wide]
    unpriced_tokens_in: Mapped[Wide]
    unpriced_tokens_out: Mapped[Wide]
    latency_sum_ms: Mapped[Wide]
    #: Time of the newest heartbeat, 0 where there is none.
    newest_us: Mapped[Wide]
    #: The latencies as `backend.store.histograms` packs them; None without any.
    latencies: Mapped[bytes | None] = mapped_column(LargeBinary)


class WarningRollup(Base):
    """How many events carry a warning, or were set aside for a reason; `level` as in `Rollup`."""

    __tablename__ = "obs_warning_rollups"
    __table_args__ = ({"sqlite_with_rowid": False},)

    user_id: Mapped[OwnerKey]
    level: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    bucket_us: Mapped[Wide] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(32), primary_key=True)
    #: The instrumentation scope, '' where it is not known.
    scope: Mapped[str] = mapped_column(String(255), primary_key=True)
    provider: Mapped[str] = mapped_column(String(64), primary_key=True)
    model: Mapped[str] = mapped_column(String(255), primary_key=True)
    n: Mapped[Wide]


class DirtyDay(Base):
    """A local day (days since 1970) whose events changed since it was last aggregated."""

    __tablename__ = "obs_dirty_days"
    __table_args__ = ({"sqlite_with_rowid": False},)

    user_id: Mapped[OwnerKey]
    day: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


class AgentDailyMetrics(Base):
    """One agent's day in its owner's time zone; events without an agent have a row too."""

    __tablename__ = "obs_agent_daily_metrics"
    __table_args__ = (CheckConstraint("agent_id IS NULL OR agent_id = agent_key", "agent_key"),)

    user_id: Mapped[OwnerKey]
    day: Mapped[date] = mapped_column(primary_key=True)
    #: `agent_id`, or 0 without one: NULLs would not be unique.
    agent_key: Mapped[Wide] = mapped_column(primary_key=True)
    agent_id: Mapped[AgentId | None]
    total_runs: Mapped[Wide]
    successful_runs: Mapped[Wide]
    failed_runs: Mapped[Wide]
    total_events: Mapped[Wide]
    errors: Mapped[Wide]
    llm_calls: Mapped[Wide]
    llm_errors: Mapped[Wide]
    total_tool_calls: Mapped[Wide]
    tool_errors: Mapped[Wide]
    unpriced_calls: Mapped[Wide]
    total_tokens_in: Mapped[Wide]
    total_tokens_out: Mapped[Wide]
    total_tokens_cache_read: Mapped[Wide]
    total_tokens_cache_write: Mapped[Wide]
    total_tokens_reasoning: Mapped[Wide]
    total_cost_nusd: Mapped[Wide]
    #: Of model calls; None without any.
    latency_p50_ms: Mapped[float | None]
    latency_p95_ms: Mapped[float | None]
    latency_avg_ms: Mapped[float | None]
    #: JSON object: model to calls.
    models_used: Mapped[str] = mapped_column(Text)
    last_heartbeat_us: Mapped[Wide | None]
    aggregated_us: Mapped[Wide]
