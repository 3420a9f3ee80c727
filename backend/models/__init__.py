"""Every table, typed. Money is integer nano-USD, time integer UTC microseconds."""

from backend.models.accounts import Agent, ApiKey, User
from backend.models.alerts import AlertEvent, AlertRule
from backend.models.base import Base, ExactDecimal
from backend.models.events import EventRow, RunRow, SpanLinkRow, TracerRow
from backend.models.pricing import LlmPrice
from backend.models.recalculations import RecalculationChange, RecalculationRow
from backend.models.rollups import (
    AgentDailyMetrics,
    DirtyDay,
    Rollup,
    WarningRollup,
)

__all__ = [
    "Agent",
    "AgentDailyMetrics",
    "AlertEvent",
    "AlertRule",
    "ApiKey",
    "Base",
    "DirtyDay",
    "EventRow",
    "ExactDecimal",
    "LlmPrice",
    "RecalculationChange",
    "RecalculationRow",
    "Rollup",
    "RunRow",
    "SpanLinkRow",
    "TracerRow",
    "User",
    "WarningRollup",
]
