"""One run of a synthetic agent, as the events that a tracer's spans would have made."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from backend.synthetic.profiles import AgentProfile, ModelProfile
from otel_bridge.event import Event, EventType
from otel_bridge.facts import Operation, Usage
from otel_bridge.pricing import PriceBook

_SCOPE = "synthetic"
_MOST_ROUNDS = 30
#: Each round the conversation grows by what the model said and the tool answered.
_GROWTH_PER_ROUND = 1.15


@dataclass(frozen=True, slots=True)
class _Run:
    """What the events of one run share."""

    profile: AgentProfile
    model: ModelProfile
    rng: random.Random
    prices: PriceBook
    trace_id: str
    root_id: str


def run_events(
    profile: AgentProfile,
    model: ModelProfile,
    rng: random.Random,
    prices: PriceBook,
    *,
    start_us: int,
    error_rate: float,
) -> list[Event]:
    """Return a run's events in the order of time; a failed model call ends it."""
    run = _Run(profile, model, rng, prices, f"{rng.getrandbits(128):032x}", _span_id(rng))
    events = list(_steps(run, start_us, error_rate))
    last = events[-1]
    end_us = last.created_at_us + 2000
    error = last.payload.get("error") if last.status == "error" else None
    started = _event(run, "run_started", start_us, status="info")
    finished = _event(
        run,
        "run_finished",
        end_us,
        started_at_us=start_us,
        latency_ms=(end_us - start_us) // 1000,
        status="error" if error else "success",
        payload={"error": error} if error else {},
    )
    return [started, *events, finished]


def heartbeat(profile: AgentProfile, at_us: int) -> Event:
    """Return a sign of life."""
    key = f"synthetic:{profile.name}:{at_us}:heartbeat"
    return Event("heartbeat", at_us, agent=profile.name, dedupe_key=key)


def _steps(run: _Run, start_us: int, error_rate: float) -> Iterator[Event]:
    """Yield model calls with the tools that they ask for in between, until one answers or fails."""
    at_us = start_us + 1000
    rounds = min(_MOST_ROUNDS, _geometric(run.rng, run.profile.rounds)) if run.profile.tools else 0
    for number in range(rounds + 1):
        call = _call(run, at_us, number, failed=run.rng.random() < error_rate)
        yield call
        at_us = call.created_at_us
        if call.status == "error":
            return
        if number < rounds:
            tool = _tool(run, at_us)
            yield tool
            at_us = tool.created_at_us


def _call(run: _Run, at_us: int, number: int, *, failed: bool) -> Event:
    model, rng = run.model, run.rng
    usage = Usage() if failed else _usage(model, rng, number)
    ms = model.first_token_ms * rng.lognormvariate(0, 0.35)
    ms += (usage.tokens_out or 0) / model.tokens_per_s * 1000
    end_us = at_us + max(1, round(ms)) * 1000
    moment = datetime.fromtimestamp(end_us // 1_000_000, UTC)
    quote = None if failed else run.prices.quote(model.provider, model.name, usage, at=moment)
    payload: dict[str, Any] = {"error": "the provider answered 529: overloaded"} if failed else {}
    if quote is not None:
        payload = {"cost_source": quote.source, "price_version": quote.version}
    return _event(
        run,
        "llm_call",
        end_us,
        span_id=_span_id(rng),
        operation=Operation.CHAT.value,
        started_at_us=at_us,
        latency_ms=(end_us - at_us) // 1000,
        status="error" if failed else "success",
        provider=model.provider,
        model=model.name,
        tokens_in=usage.tokens_in,
        tokens_out=usage.tokens_out,
        tokens_cache_read=usage.tokens_cache_read,
        tokens_reasoning=usage.tokens_reasoning,
        cost_usd=None if quote is None else quote.cost_usd,
        response_id=None if failed else f"resp_{rng.getrandbits(64):016x}",
        payload=payload,
    )


def _usage(model: ModelProfile, rng: random.Random, number: int) -> Usage:
    tokens_in = max(
        1, round(model.tokens_in * rng.lognormvariate(0, 0.6) * _GROWTH_PER_ROUND**number)
    )
    tokens_out = max(1, round(model.tokens_out * rng.lognormvariate(0, 0.7)))
    is_cached = rng.random() < model.cached_calls
    return Usage(
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        tokens_cache_read=round(tokens_in * rng.uniform(0.3, 0.9)) if is_cached else None,
        tokens_reasoning=round(tokens_out * model.reasoning_share) or None,
    )


def _tool(run: _Run, at_us: int) -> Event:
    rng = run.rng
    failed = rng.random() < run.profile.tool_error_rate
    end_us = at_us + max(1, round(180 * rng.lognormvariate(0, 1.0))) * 1000
    tool = rng.choice(run.profile.tools)
    return _event(
        run,
        "tool_call",
        end_us,
        span_id=_span_id(rng),
        operation=Operation.TOOL.value,
        started_at_us=at_us,
        latency_ms=(end_us - at_us) // 1000,
        status="error" if failed else "success",
        payload={"tool": tool} | ({"error": f"{tool} timed out"} if failed else {}),
    )


def _event(
    run: _Run, event_type: EventType, at_us: int, *, span_id: str | None = None, **told: Any
) -> Event:
    """Return an event of the run: of its agent span by default, else of a span below that one."""
    own = span_id or run.root_id
    return Event(
        event_type,
        at_us,
        agent=run.profile.name if span_id is None else None,
        dedupe_key=f"otel:{run.trace_id}:{own}:{event_type}",
        trace_id=run.trace_id,
        span_id=own,
        parent_span_id=None if span_id is None else run.root_id,
        scope=_SCOPE,
        **{"operation": Operation.AGENT.value, **told},
    )


def _span_id(rng: random.Random) -> str:
    return f"{rng.getrandbits(64):016x}"


def _geometric(rng: random.Random, mean: float) -> int:
    """Return a count with this mean: most are small, some are not."""
    return math.floor(math.log(1 - rng.random()) / math.log(mean / (1 + mean))) if mean else 0
