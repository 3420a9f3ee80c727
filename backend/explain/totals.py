"""What the decided events add up to, as the store's sums and runs do."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal

from backend.explain.decided import DecidedEvent, DecidedSpans
from backend.explain.nouns import RunCounts, Tokens, Totals


def totals_of(decided: DecidedSpans) -> Totals:
    """Return the totals of all traces."""
    events = list(decided.events.values())
    counted = [one for one in events if one.decision.counted]
    calls = [one for one in counted if one.is_counted_call]
    tools = [one for one in counted if one.decision.event_type == "tool_call"]
    problems = Counter(decided.spans.problems.values()) + decided.spans.refused
    return Totals(
        spans=len(decided.spans.records),
        spans_silent=len(decided.spans.records) - len(decided.by_span),
        spans_repeated=decided.spans.repeated,
        calls=len(calls),
        calls_failed=_failed(calls),
        calls_unpriced=sum(_is_unpriced(one) for one in calls),
        tokens=_tokens(counted),
        cost_usd=Decimal(sum(one.cost.nusd or 0 for one in counted)).scaleb(-9),
        tools=len(tools),
        tools_failed=_failed(tools),
        runs=_runs(events),
        set_aside=_most_first(
            str(one.decision.set_aside_reason)
            for one in events
            if one.decision.set_aside_reason is not None
        ),
        warnings=_most_first(code for one in events for code in (one.row.warnings or "").split()),
        rejected=_most_first(problems.elements()),
    )


def _failed(events: Iterable[DecidedEvent]) -> int:
    return sum(one.decision.status == "error" for one in events)


def _is_unpriced(one: DecidedEvent) -> bool:
    """Whether a call has no known cost. A failed one without tokens cost nothing to be named."""
    knows_tokens = one.told.tokens_in is not None or one.told.tokens_out is not None
    return one.cost.nusd is None and (one.decision.status != "error" or knows_tokens)


def _tokens(events: Iterable[DecidedEvent]) -> Tokens:
    told = [one.told for one in events]
    return Tokens(*(sum(getattr(one, name) or 0 for one in told) for name in Tokens.__slots__))


def _runs(events: Iterable[DecidedEvent]) -> Mapping[str, RunCounts]:
    """Return the runs by their agent, "" for runs of none."""
    by_run: dict[str, list[DecidedEvent]] = defaultdict(list)
    for one in events:
        if one.decision.run_id is not None:
            by_run[one.decision.run_id].append(one)
    ended = Counter(_agent_and_status(of_run) for of_run in by_run.values())
    agents = sorted({agent for agent, _ in ended})
    return {
        agent: RunCounts(*(ended[agent, status] for status in RunCounts.__slots__))
        for agent in agents
    }


def _agent_and_status(events: Iterable[DecidedEvent]) -> tuple[str, str]:
    """Return a run's agent and how it ended: what its last end says."""
    ordered = sorted(events, key=lambda one: (one.entry.created_us, one.entry.span_id or ""))
    ends = [one for one in ordered if one.decision.event_type == "run_finished"][-1:]
    starts = [one for one in ordered if one.decision.event_type == "run_started"]
    told = (one.decision.agent for one in (*ends, *starts, *ordered))
    agent = next((name for name in told if isinstance(name, str)), "")
    if not ends:
        return agent, "running"
    return agent, "error" if ends[0].decision.status == "error" else "success"


def _most_first(codes: Iterable[str]) -> Mapping[str, int]:
    counts = Counter(codes)
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
