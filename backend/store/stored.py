"""What is stored, as answers tell it: events, runs, pages of them, and filters."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from backend.store.accounting import Uid
from backend.store.cursors import Cursor


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events; None is all. `agent_id` 0 is those without an agent."""

    agent_id: int | None = None
    event_type: str | None = None
    status: str | None = None
    run_id: str | None = None
    model: str | None = None
    warning: str | None = None
    start_us: int | None = None
    end_us: int | None = None


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs, by the time at which they started; None is all."""

    agent_id: int | None = None
    status: str | None = None
    start_us: int | None = None
    end_us: int | None = None


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """One event as it is known now. `payload` is JSON text; `agent` the name of `agent_id`.

    `as_sent` is JSON text too: the fields that were sent with another value than they have now.
    """

    uid: Uid
    event_type: str
    agent_id: int | None
    run_id: str | None
    counted: bool
    set_aside_reason: str | None
    status: str
    name: str | None
    provider: str | None
    model: str | None
    tool: str | None
    tokens_in: int | None
    tokens_out: int | None
    tokens_cache_read: int | None
    tokens_cache_write: int | None
    tokens_reasoning: int | None
    session: str | None
    cost_nusd: int | None
    cost_source: str | None
    price_version: str | None
    latency_ms: int | None
    error_message: str | None
    warnings: str | None
    as_sent: str | None
    payload: str
    created_us: int
    started_us: int | None
    received_us: int
    trace_id: str | None
    span_id: str | None
    parent_span_id: str | None
    operation: str | None
    agent: str | None
    dedupe_key: str | None

    @property
    def cost_usd(self) -> Decimal | None:
        """The cost in USD, None where it is not known."""
        return None if self.cost_nusd is None else Decimal(self.cost_nusd).scaleb(-9)


@dataclass(frozen=True, slots=True)
class StoredRun:
    """One run with its figures; the fields are the columns of `obs_runs`."""

    run_id: str
    agent_id: int | None
    status: str
    model: str | None
    total_tokens_in: int
    total_tokens_out: int
    total_cost_nusd: int
    total_latency_ms: int | None
    events_count: int
    llm_calls_count: int
    tool_calls_count: int
    error_message: str | None
    started_us: int
    finished_us: int | None
    last_us: int
    agent: str | None
    #: Whether it has no end and nothing has been heard of it for long.
    is_stuck: bool = False

    @property
    def total_cost_usd(self) -> Decimal:
        """The cost in USD of the calls whose price is known."""
        return Decimal(self.total_cost_nusd).scaleb(-9)


@dataclass(frozen=True, slots=True)
class EventPage:
    """A page of events. `total` counts the filter; no cursor at the end."""

    events: list[StoredEvent]
    total: int
    next_cursor: Cursor | None


@dataclass(frozen=True, slots=True)
class RunPage:
    """A page of runs. `total` counts the filter; no cursor at the end."""

    runs: list[StoredRun]
    total: int
    next_cursor: Cursor | None


@dataclass(frozen=True, slots=True)
class RunDetail:
    """A run and its events, oldest first."""

    run: StoredRun
    events: list[StoredEvent]
