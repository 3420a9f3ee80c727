"""The figures of a run, from the events that were decided into it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import delete

from backend.models import RunRow
from backend.store.rows import Placed, Placement
from backend.store.statements import chunks
from backend.store.transactions import Transaction


class RunFigures(NamedTuple):
    """One run; the fields are the columns of `obs_runs` after the owner."""

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


def run_of(run_id: str, placed: Iterable[Placed]) -> RunFigures:
    """Return the figures of a run with at least one event; their order does not matter."""
    events = sorted(placed, key=_by_time)
    counted = [(row, place) for row, place in events if place.counted]
    started = _first(events, "run_started")
    finished = _first(events[::-1], "run_finished")
    calls = [place for _, place in counted if place.event_type == "llm_call"]
    started_us = _started_us(events, started)
    return RunFigures(
        run_id=run_id,
        agent_id=_agent_of(events, finished, started),
        status=_status(finished),
        model=_most_used_model(calls),
        total_tokens_in=sum(place.tokens_in or 0 for _, place in counted),
        total_tokens_out=sum(place.tokens_out or 0 for _, place in counted),
        total_cost_nusd=sum(place.cost_nusd or 0 for _, place in counted),
        total_latency_ms=_latency_ms(finished, started_us if started else None),
        events_count=len(events),
        llm_calls_count=len(calls),
        tool_calls_count=sum(place.event_type == "tool_call" for _, place in counted),
        error_message=_error_message(events, finished),
        started_us=started_us,
        finished_us=finished[0].entry.created_us if finished else None,
        last_us=events[-1][0].entry.created_us,
    )


def rewrite_runs(tx: Transaction, run_ids: set[str], placed: Iterable[Placed]) -> None:
    """Write these runs anew from all their events; a run that has lost every event goes."""
    by_run: dict[str, list[Placed]] = {run_id: [] for run_id in run_ids}
    for row, place in placed:
        if place.run_id in by_run:
            by_run[place.run_id].append((row, place))
    alive = sorted(run_id for run_id, events in by_run.items() if events)
    if alive:
        rows = [(tx.owner_id, *run_of(run_id, by_run[run_id])) for run_id in alive]
        tx.sql.write_runs.write(tx.connection, rows)
    _delete(tx, sorted(run_ids.difference(alive)))


def _delete(tx: Transaction, run_ids: Sequence[str]) -> None:
    for some in chunks(run_ids):
        tx.connection.execute(
            delete(RunRow).where(RunRow.user_id == tx.owner_id, RunRow.run_id.in_(some))
        )


def _by_time(placed: Placed) -> tuple[int, str, str, str, bytes]:
    """Order by time; of two events at the same time what they tell decides."""
    row, place = placed
    entry = row.entry
    told = (place.status, row.error_message or "", entry.uid)
    return (entry.created_us, entry.span_id or "", *told)


def _first(events: Sequence[Placed], event_type: str) -> Placed | None:
    return next((placed for placed in events if placed[1].event_type == event_type), None)


def _status(finished: Placed | None) -> str:
    if finished is None:
        return "running"
    return "error" if finished[1].status == "error" else "success"


def _agent_of(events: Sequence[Placed], *told_by: Placed | None) -> int | None:
    for placed in (*told_by, *events):
        if placed is not None and placed[1].agent_id is not None:
            return placed[1].agent_id
    return None


def _most_used_model(calls: Sequence[Placement]) -> str | None:
    used: Mapping[str, int] = Counter(place.model for place in calls if place.model)
    return min(used, key=lambda model: (-used[model], model), default=None)


def _started_us(events: Sequence[Placed], started: Placed | None) -> int:
    if started is not None:
        return started[0].entry.created_us
    return min(
        row.entry.created_us if row.entry.started_us is None else row.entry.started_us
        for row, _ in events
    )


def _latency_ms(finished: Placed | None, started_us: int | None) -> int | None:
    """Return what the end of the run says, else the time between its two ends."""
    if finished is None:
        return None
    row = finished[0]
    if row.latency_ms is not None or started_us is None:
        return row.latency_ms
    return max(0, row.entry.created_us - started_us) // 1000


def _error_message(events: Sequence[Placed], finished: Placed | None) -> str | None:
    if finished is not None and finished[1].status != "error":
        return None
    if finished is not None and finished[0].error_message is not None:
        return finished[0].error_message
    return next(
        (
            row.error_message
            for row, place in events
            if place.status == "error" and row.error_message is not None
        ),
        None,
    )
