"""Raw events, the spans between them, and the runs that follow from them."""

from __future__ import annotations

from sqlalchemy import Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.models.base import AgentId, Base, EventId, OwnerId, OwnerKey, Wide
from otel_bridge.event import EVENT_TYPES

_HAS_IDENTITY = text("identity IS NOT NULL")
_HAS_TRACE = text("trace_id IS NOT NULL")
_HAS_RUN = text("run_id IS NOT NULL")
_HAS_HINT = text("run_hint IS NOT NULL")
_HAS_MODEL = text("model IS NOT NULL")
_HAS_RESPONSE = text("response_id IS NOT NULL")
_HAS_LIKENESS = text("likeness IS NOT NULL")
_IS_ERROR = text("status = 'error'")
_HAS_TRACE_BEFORE = text("parent_trace_id IS NOT NULL")
_IS_ODD = text("warnings IS NOT NULL OR set_aside_reason IS NOT NULL")


def _index_of_type(event_type: str) -> Index:
    is_type = text(f"event_type = '{event_type}'")
    return Index(
        f"ix_obs_events_type_{event_type}",
        "user_id",
        "created_us",
        postgresql_where=is_type,
        sqlite_where=is_type,
    )


class EventRow(Base):
    """One event: what the client sent, and beside it what follows from the whole trace.

    Every index is paid for by every insert; each one serves a query that would read the owner's
    whole history without it. None holds `uid`: pages are cut by (created_us, uid), and both
    databases sort the few rows of one microsecond by themselves.
    """

    __tablename__ = "obs_events"
    __table_args__ = (
        # A repeat is found, and cannot be stored, whatever the application does.
        Index(
            "ix_obs_events_identity",
            "user_id",
            "identity",
            unique=True,
            postgresql_where=_HAS_IDENTITY,
            sqlite_where=_HAS_IDENTITY,
        ),
        # Events newest first; the ragged edges of a time window; retention.
        Index("ix_obs_events_newest", "user_id", "created_us"),
        # Events of one agent, and its newest event.
        Index("ix_obs_events_agent", "user_id", "agent_id", "created_us"),
        # Events of one type: the rare ones hide between many calls. An event is in one of these,
        # and each grows at its end, so that its pages fill up.
        *map(_index_of_type, EVENT_TYPES),
        # Events of one model; rows without a model cost nothing.
        Index(
            "ix_obs_events_model",
            "user_id",
            "model",
            "created_us",
            postgresql_where=_HAS_MODEL,
            sqlite_where=_HAS_MODEL,
        ),
        # Failures are rare among successes, and the status that people filter by.
        Index(
            "ix_obs_events_error",
            "user_id",
            "created_us",
            postgresql_where=_IS_ERROR,
            sqlite_where=_IS_ERROR,
        ),
        # What the mapping could not make sense of, and what was set aside.
        Index(
            "ix_obs_events_odd",
            "user_id",
            "created_us",
            postgresql_where=_IS_ODD,
            sqlite_where=_IS_ODD,
        ),
        # The events of a run: its page, and its figures.
        Index(
            "ix_obs_events_run",
            "user_id",
            "run_id",
            postgresql_where=_HAS_RUN,
            sqlite_where=_HAS_RUN,
        ),
        # The rest of a trace, and all that was sent for one run: read on every insert.
        Index(
            "ix_obs_events_trace",
            "user_id",
            "trace_id",
            postgresql_where=_HAS_TRACE,
            sqlite_where=_HAS_TRACE,
        ),
        Index(
            "ix_obs_events_hint",
            "user_id",
            "run_hint",
            postgresql_where=_HAS_HINT,
            sqlite_where=_HAS_HINT,
        ),
        # The same call, told by another tracer in another trace: read where there are two.
        Index(
            "ix_obs_events_response",
            "user_id",
            "response_id",
            postgresql_where=_HAS_RESPONSE,
            sqlite_where=_HAS_RESPONSE,
        ),
        Index(
            "ix_obs_events_likeness",
            "user_id",
            "likeness",
            "created_us",
            postgresql_where=_HAS_LIKENESS,
            sqlite_where=_HAS_LIKENESS,
        ),
    )

    #: UUIDv7: grows with arrival.
    uid: Mapped[bytes] = mapped_column(EventId, primary_key=True)
    user_id: Mapped[OwnerId]
    #: A digest of the dedupe key in the form that does not depend on what the server decides.
    identity: Mapped[bytes | None] = mapped_column(EventId)
    #: That form itself, where the span's ids and the type do not imply it.
    dedupe_key: Mapped[str | None] = mapped_column(String(255))

    # Decided by the server; changes when more of the trace, or another price, arrives.
    event_type: Mapped[str] = mapped_column(String(16))
    status: Mapped[str] = mapped_column(String(8))
    agent_id: Mapped[AgentId | None]
    run_id: Mapped[str | None] = mapped_column(String(36))
    counted: Mapped[bool]
    set_aside_reason: Mapped[str | None] = mapped_column(String(255))
    cost_nusd: Mapped[Wide | None]
    cost_source: Mapped[str | None] = mapped_column(String(16))
    price_version: Mapped[str | None] = mapped_column(String(64))
    #: The cost that came with this or another event of the call; a price may go before it.
    told_cost_nusd: Mapped[Wide | None]
    told_cost_source: Mapped[str | None] = mapped_column(String(16))

    # As sent, but where other events tell the same call: what all of them tell together.
    provider: Mapped[str | None] = mapped_column(String(64))
    model: Mapped[str | None] = mapped_column(String(255))
    tokens_in: Mapped[Wide | None]
    tokens_out: Mapped[Wide | None]
    tokens_cache_read: Mapped[Wide | None]
    tokens_cache_write: Mapped[Wide | None]
    tokens_reasoning: Mapped[Wide | None]
    session: Mapped[str | None] = mapped_column(String(255))

    # As sent; never changes.
    #: A JSON object: the columns above that were sent with another value; None where none was.
    as_sent: Mapped[str | None] = mapped_column(Text)
    sent_event_type: Mapped[str] = mapped_column(String(16))
    sent_cost_nusd: Mapped[Wide | None]
    sent_cost_source: Mapped[str | None] = mapped_column(String(16))
    tracer_cost_nusd: Mapped[Wide | None]
    agent_id_hint: Mapped[Wide | None]
    agent_name: Mapped[str | None] = mapped_column(String(255))
    default_agent: Mapped[str | None] = mapped_column(String(255))
    #: The agent to which a tool hands over, where that agent has no span of its own.
    delegate: Mapped[str | None] = mapped_column(String(255))
    run_hint: Mapped[str | None] = mapped_column(String(36))
    name: Mapped[str | None] = mapped_column(String(255))
    tool: Mapped[str | None] = mapped_column(String(255))
    latency_ms: Mapped[Wide | None]
    error_message: Mapped[str | None] = mapped_column(String(1000))
    #: Codes of what the mapping could not make sense of, with a space around each.
    warnings: Mapped[str | None] = mapped_column(String(255))
    #: The JSON object as text.
    payload: Mapped[str] = mapped_column(Text)

    created_us: Mapped[Wide]
    started_us: Mapped[Wide | None]
    received_us: Mapped[Wide]
    trace_id: Mapped[str | None] = mapped_column(String(64))
    span_id: Mapped[str | None] = mapped_column(String(64))
    parent_span_id: Mapped[str | None] = mapped_column(String(64))
    operation: Mapped[str | None] = mapped_column(String(32))
    scope: Mapped[str | None] = mapped_column(String(255))
    response_id: Mapped[str | None] = mapped_column(String(255))
    resource: Mapped[str | None] = mapped_column(String(64))
    #: What this tracer's span of a call has in common with another's, as a digest.
    likeness: Mapped[str | None] = mapped_column(String(32))


class SpanLinkRow(Base):
    """The parent of a span that makes no event, so that a walk to the root does not break.

    Where a run goes on in another trace, its first span's parent stands in the trace before it.
    """

    __tablename__ = "obs_span_links"
    __table_args__ = (
        Index(
            "ix_obs_span_links_before",
            "user_id",
            "parent_trace_id",
            postgresql_where=_HAS_TRACE_BEFORE,
            sqlite_where=_HAS_TRACE_BEFORE,
        ),
        # Retention: these rows tell no time of their own.
        Index("ix_obs_span_links_received", "user_id", "received_us"),
        {"sqlite_with_rowid": False},
    )

    user_id: Mapped[OwnerKey]
    trace_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    span_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    parent_span_id: Mapped[str] = mapped_column(String(64))
    #: None: the same trace.
    parent_trace_id: Mapped[str | None] = mapped_column(String(64))
    received_us: Mapped[Wide | None]


class TracerRow(Base):
    """An instrumentation scope by which the owner's model calls are told."""

    __tablename__ = "obs_tracers"
    __table_args__ = ({"sqlite_with_rowid": False},)

    user_id: Mapped[OwnerKey]
    scope: Mapped[str] = mapped_column(String(255), primary_key=True)


class RunRow(Base):
    """The figures of one run, rewritten whenever an event that belongs to it changes."""

    __tablename__ = "obs_runs"
    __table_args__ = (
        # Runs newest first, of the owner and of one agent.
        Index("ix_obs_runs_newest", "user_id", "started_us"),
        Index("ix_obs_runs_agent", "user_id", "agent_id", "started_us"),
    )

    user_id: Mapped[OwnerKey]
    run_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    agent_id: Mapped[AgentId | None]
    #: `running`, `success` or `error`.
    status: Mapped[str] = mapped_column(String(8))
    model: Mapped[str | None] = mapped_column(String(255))
    total_tokens_in: Mapped[Wide]
    total_tokens_out: Mapped[Wide]
    total_cost_nusd: Mapped[Wide]
    total_latency_ms: Mapped[Wide | None]
    events_count: Mapped[Wide]
    llm_calls_count: Mapped[Wide]
    tool_calls_count: Mapped[Wide]
    error_message: Mapped[str | None] = mapped_column(String(1000))
    started_us: Mapped[Wide]
    finished_us: Mapped[Wide | None]
    #: The newest event: a run without an end that is silent for long is stuck.
    last_us: Mapped[Wide]
