"""Events of a small imaginary agent, for tests of the store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import Engine, select

from backend.models import Base
from backend.store import EventStore, Group
from otel_bridge.event import Event, SpanLink

#: 2026-03-01 12:07:00 UTC: inside of a quarter-hour.
NOW_US = 1_772_366_820_000_000
SECOND_US = 1_000_000

TRACE = "a" * 32


def llm_call(span: str = "", **fields: Any) -> Event:
    """Return a successful call: 100 tokens in, 20 out, 1 microdollar, 250 ms."""
    return _event("llm_call", span, {**_CALL, **fields})


def tool_call(span: str = "", tool: str = "search", **fields: Any) -> Event:
    """Return a successful execution of a tool: 40 ms."""
    told = {"status": "success", "latency_ms": 40, "operation": "execute_tool"}
    return _event("tool_call", span, {**told, "payload": {"tool": tool}, **fields})


def run_started(span: str = "", **fields: Any) -> Event:
    """Return the start of an agent span."""
    return _event("run_started", span, {"agent": "bot", "operation": "invoke_agent", **fields})


def run_finished(span: str = "", **fields: Any) -> Event:
    """Return the successful end of an agent span, after five seconds."""
    told = {"agent": "bot", "operation": "invoke_agent", "status": "success", "latency_ms": 5000}
    return _event("run_finished", span, {**told, **fields})


def _event(event_type: str, span: str, fields: dict[str, Any]) -> Event:
    told: dict[str, Any] = {"created_at_us": NOW_US}
    if span:
        trace = fields.get("trace_id", TRACE)
        told |= {
            "trace_id": trace,
            "span_id": span,
            "dedupe_key": f"otel:{trace}:{span}:{event_type}",
        }
    else:
        fields = {name: value for name, value in fields.items() if name != "operation"}
    return Event(event_type, **{**told, **fields})  # type: ignore[arg-type]  # a type of ours


_CALL = {
    "status": "success",
    "operation": "chat",
    "provider": "openai",
    "model": "gpt-4o-mini",
    "tokens_in": 100,
    "tokens_out": 20,
    "cost_usd": Decimal("0.000001"),
    "latency_ms": 250,
}


def agent_trace(trace: str = TRACE) -> list[Event]:
    """Return a run of `bot`: a planner below it with one call, one call of its own, one tool.

    The planner repeats the tokens of its call; the service is `shop`.
    """
    own: dict[str, Any] = {"trace_id": trace, "default_agent": "shop"}
    return [
        run_started("root", **own),
        run_started("plan", agent="planner", parent_span_id="root", **own),
        llm_call("call1", parent_span_id="plan", **own),
        run_finished(
            "plan", agent="planner", parent_span_id="root", tokens_in=100, tokens_out=20, **own
        ),
        llm_call("call2", parent_span_id="http", model="gpt-4o", **own),
        tool_call("tool1", parent_span_id="root", **own),
        tool_call(
            "tool2",
            parent_span_id="root",
            **{**own, "status": "error", "payload": {"tool": "buy", "error": "sold out"}},
        ),
        run_finished("root", tokens_in=200, tokens_out=40, **own),
    ]


def agent_links(trace: str = TRACE) -> list[SpanLink]:
    """Return the HTTP span that stands between `call2` and the root."""
    return [SpanLink(trace, "http", "root")]


def mixed_events() -> list[Event]:
    """Return events over three hours, of several agents, models and outcomes."""
    start_us = NOW_US - 3 * 3600 * SECOND_US
    return [event for step in range(60) for event in _mixed_step(step, start_us)]


def _mixed_step(step: int, start_us: int) -> Iterator[Event]:
    at_us = start_us + step * 181 * SECOND_US
    agent = [None, "a", "b"][step % 3]
    failed = step % 7 == 0
    yield llm_call(
        created_at_us=at_us,
        agent=agent,
        model=["x", "y"][step % 2],
        tokens_in=step,
        cost_usd=None if step % 5 == 0 else Decimal(step).scaleb(-9),
        status="error" if failed else "success",
        latency_ms=step * 10,
    )
    yield tool_call(created_at_us=at_us + 1, agent=agent, tool=["t", "u"][step % 2])
    if step % 4 == 0:
        yield run_finished(
            created_at_us=at_us + 2, agent=agent, status="error" if failed else "success"
        )


def total(store: EventStore, owner_id: int) -> Group:
    """Return the sums of all time."""
    (group,) = store.measure(owner_id, start_us=0, end_us=2**62)
    return group


def snapshot(engine: Engine, owner_id: int, *, without: Sequence[str] = ()) -> dict[str, Any]:
    """Return every row of the owner that follows from its events, without what tells arrival.

    Agents are told by name, since their ids tell the order in which they came.
    """
    with engine.connect() as connection:
        agents = Base.metadata.tables["agents"]
        names = {0: "", None: None} | {
            row.id: row.name
            for row in connection.execute(select(agents).where(agents.c.user_id == owner_id))
        }
        found = {}
        for table in _TABLES:
            columns = Base.metadata.tables[table].c
            rows = connection.execute(select(*columns).where(columns.user_id == owner_id))
            found[table] = sorted(
                (
                    tuple(
                        (name, names[value] if name in _AGENT_IDS else value)
                        for name, value in row._mapping.items()
                        if name not in without and (table, name) not in _ARRIVAL
                    )
                    for row in rows
                    if table != "agents" or row.last_seen_us is not None
                ),
                key=repr,
            )
    return found


_TABLES = (
    *("obs_events", "obs_runs", "obs_span_links", "obs_tracers", "agents"),
    *("obs_rollups", "obs_warning_rollups", "obs_agent_daily_metrics"),
)
_AGENT_IDS = ("agent_id", "agent_key")
_ARRIVAL = {
    ("obs_events", "uid"),
    ("obs_events", "received_us"),
    ("obs_span_links", "received_us"),
    ("agents", "id"),
    ("agents", "created_us"),
    ("obs_agent_daily_metrics", "aggregated_us"),
}
