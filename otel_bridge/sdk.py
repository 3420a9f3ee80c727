"""Telling by hand: runs that begin and end in different places, single events, signs of life.

Everything here is fire-and-forget. A program must not fail because of what it reports, and a
mistake in a report is often on a path that no test runs. So nothing raises: what cannot be sent is
logged with the way to mend it, and counted, where the dashboard shows it. Where nothing was
configured, everything does nothing.
"""

from __future__ import annotations

import logging
import uuid
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from opentelemetry import context, trace
from opentelemetry.trace import Span, StatusCode, format_span_id, format_trace_id

from otel_bridge.event import Event, run_id_of
from otel_bridge.harmless import harmless
from otel_bridge.observe import SCOPE, agent, llm_call, record_failure, record_usage, tool
from otel_bridge.pricing import calculate_cost
from otel_bridge.span_processor.configure import processor_of
from otel_bridge.span_processor.heartbeat import Heartbeat
from otel_bridge.span_processor.manual_event import event_of
from otel_bridge.span_processor.processor import ObsSpanProcessor

__all__ = [
    "agent",
    "calculate_cost",
    "emit_event",
    "finish_run",
    "heartbeat",
    "llm_call",
    "record_usage",
    "start_run",
    "tool",
]

_MAX_LIVE_RUNS = 10_000
_RUN_KEY = context.create_key("otel_bridge.run")

_logger = logging.getLogger("otel_bridge")


@dataclass(frozen=True, slots=True)
class _LiveRun:
    run_id: str
    span: Span
    previous: context.Context

    @property
    def trace_id(self) -> str:
        return format_trace_id(self.span.get_span_context().trace_id)

    @property
    def span_id(self) -> str:
        return format_span_id(self.span.get_span_context().span_id)


class _LiveRuns:
    """The spans of runs that were started and not finished, the newest ten thousand."""

    def __init__(self) -> None:
        self._runs: OrderedDict[str, _LiveRun] = OrderedDict()

    def add(self, run: _LiveRun) -> None:
        self._runs[run.run_id] = run
        while len(self._runs) > _MAX_LIVE_RUNS:
            self._runs.popitem(last=False)

    def get(self, run_id: str | None) -> _LiveRun | None:
        return None if run_id is None else self._runs.get(run_id)

    def pop(self, run_id: str) -> _LiveRun | None:
        return self._runs.pop(run_id, None)


# The one state of this module: a run's id is plain text that the program may hand to any thread or
# task, so the process must remember which span it stands for.
_LIVE_RUNS = _LiveRuns()


def start_run(agent: str, *, session: str | None = None) -> str:
    """Begin a run of an agent and return its id, a UUID, for `finish_run` and `emit_event`.

    The run is an ordinary `invoke_agent` span and becomes the current one, so that calls and tools
    traced from here on stand below it. A run begun inside an agent's span is an action of it.
    """
    parent = _parent_context()
    span = trace.get_tracer(SCOPE).start_span(
        f"invoke_agent {agent}",
        context=parent,
        attributes={
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.agent.name": agent,
            **({"gen_ai.conversation.id": session} if session else {}),
        },
    )
    place = span.get_span_context()
    if not place.is_valid:
        _logger.debug("start_run: no tracer provider, call otel_bridge.configure() first")
        return str(uuid.uuid4())
    run_id = run_id_of(format_trace_id(place.trace_id), format_span_id(place.span_id))
    run = _LiveRun(run_id, span, parent)
    _LIVE_RUNS.add(run)
    context.attach(context.set_value(_RUN_KEY, run, trace.set_span_in_context(span)))
    return run_id


@harmless
def finish_run(
    run_id: str,
    status: str = "success",
    *,
    error: str | BaseException | None = None,
    tokens_in: int | None = None,
    tokens_out: int | None = None,
    cost_usd: Decimal | float | None = None,
) -> None:
    """End a run, from any thread or task; a second call for the same run does nothing.

    With an `error` the run failed, whatever the status says. Tokens and cost are totals of the
    run; they count only where no call below it tells its own.
    """
    run = _LIVE_RUNS.pop(run_id)
    if run is None:
        _logger.debug("finish_run: no live run has the id %s", run_id)
        return
    record_usage(tokens_in=tokens_in, tokens_out=tokens_out, cost_usd=cost_usd, span=run.span)
    if status not in ("success", "info", "error"):
        _logger.warning("finish_run: status %r is taken as 'error'", status)
    if isinstance(error, BaseException):
        record_failure(run.span, error)
    elif error is not None or status not in ("success", "info"):
        run.span.set_status(StatusCode.ERROR, error or "")
    elif status == "success":
        run.span.set_status(StatusCode.OK)
    run.span.end()
    _leave(run)


@harmless
def emit_event(event_type: str, **fields: Any) -> None:
    """Post one event as given, with the fields of the ingest API (`status`, `payload`, …).

    `created_at` is now and `dedupe_key` a new one unless given. An event with the `run_id` of a
    live run, or inside a span and without any place of its own, gets its place in the trace.
    """
    processor = _processor("emit_event")
    if processor is None:
        return
    try:
        event = event_of(event_type, fields, now=datetime.now(UTC))
    except (TypeError, ValueError, OverflowError) as error:
        processor.refuse(f"emit_event: {error}")
        return
    processor.submit(replace(_placed(event), default_agent=processor.config.agent))


@harmless
def heartbeat(
    agent: str | None = None,
    *,
    agent_id: int | None = None,
    status: str = "alive",
    metadata: Mapping[str, Any] | None = None,
) -> None:
    """Say that an agent is alive: by default the configured one (`OBS_AGENT`)."""
    processor = _processor("heartbeat")
    if processor is None:
        return
    name = agent or (processor.config.agent if agent_id is None else None)
    if name is None and agent_id is None:
        processor.refuse("heartbeat: name the agent, or set OBS_AGENT")
        return
    processor.submit(Heartbeat(name, agent_id, status, dict(metadata or {})))


def _processor(caller: str) -> ObsSpanProcessor | None:
    processor = processor_of(trace.get_tracer_provider())
    if processor is None:
        _logger.debug("%s: not sent, call otel_bridge.configure() first", caller)
    return processor


def _placed(event: Event) -> Event:
    """Return the event with its place in the trace, where it can be known and was not given."""
    if event.trace_id is not None:
        return event
    run = _LIVE_RUNS.get(event.run_id)
    if run is not None and run.span.is_recording():
        return replace(event, trace_id=run.trace_id, parent_span_id=run.span_id)
    current = trace.get_current_span()
    has_place = event.run_id or event.agent or event.agent_id is not None
    if has_place or not current.is_recording():
        return event
    place = current.get_span_context()
    return replace(
        event,
        trace_id=format_trace_id(place.trace_id),
        parent_span_id=format_span_id(place.span_id),
    )


def _parent_context() -> context.Context:
    """Return the current context, but not inside a run that another thread has finished."""
    current = context.get_current()
    while isinstance(run := context.get_value(_RUN_KEY, current), _LiveRun):
        is_inside = trace.get_current_span(current) is run.span
        if not is_inside or _LIVE_RUNS.get(run.run_id) is not None:
            break
        current = run.previous
    return current


def _leave(run: _LiveRun) -> None:
    """Make the span before the run the current one, if the run still is; elsewhere do nothing.

    A new context is attached instead of giving a token back: a token is good only in the thread
    or task that got it.
    """
    if trace.get_current_span() is run.span:
        outer = context.set_value(_RUN_KEY, context.get_value(_RUN_KEY, run.previous))
        context.attach(trace.set_span_in_context(trace.get_current_span(run.previous), outer))
