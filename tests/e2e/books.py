"""What is wrong in an owner's books: events that are missing or doubled, sums that disagree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Engine, select

from backend.models import Agent
from backend.store import (
    Cursor,
    Dimension,
    EventFilter,
    EventStore,
    Group,
    RunFilter,
    StoredEvent,
    StoredRun,
    WarningCount,
)

_PAGE = 1000
_END_OF_TIME_US = 2**62
_EVERY_DIMENSION: tuple[Dimension, ...] = (
    "quarter",
    "agent_id",
    "event_type",
    "provider",
    "model",
    "tool",
)


def all_sums(store: EventStore, owner_id: int) -> list[Group]:
    """Return every sum and every histogram of the owner, as finely as they are kept."""
    return store.measure(owner_id, start_us=0, end_us=_END_OF_TIME_US, group_by=_EVERY_DIMENSION)


def events_counted(groups: Iterable[Group]) -> int:
    """Return how many events the sums are made of."""
    return sum(group.sums.total_events for group in groups)


def mistakes(
    store: EventStore, engine: Engine, *, owner_id: int, acknowledged: Iterable[str]
) -> list[str]:
    """Return what is wrong, in words; nothing where all is right.

    `acknowledged` are the dedupe keys of all events that were sent and answered with 200. The
    roll-ups are rebuilt on the way.
    """
    books = _Books()
    for event in _events(store, owner_id):
        books.add(event)
    return [
        *_wrong_events(books.keys, acknowledged),
        *_wrong_sums(store, owner_id, books),
        *_wrong_runs(_runs(store, owner_id), books.runs),
        *_wrong_agents(engine, owner_id, books.last_seen_us),
    ]


@dataclass(slots=True)
class _RunBook:
    events: int = 0
    llm_calls: int = 0
    tool_calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost_nusd: int = 0
    last_us: int = 0

    def add(self, event: StoredEvent) -> None:
        self.events += 1
        self.last_us = max(self.last_us, event.created_us)
        if event.counted:
            self.llm_calls += event.event_type == "llm_call"
            self.tool_calls += event.event_type == "tool_call"
            self.tokens_in += event.tokens_in or 0
            self.tokens_out += event.tokens_out or 0
            self.cost_nusd += event.cost_nusd or 0


@dataclass(slots=True)
class _Books:
    """What follows from the events alone."""

    keys: Counter[str | None] = field(default_factory=Counter)
    everything: _RunBook = field(default_factory=_RunBook)
    runs: dict[str, _RunBook] = field(default_factory=dict)
    last_seen_us: dict[int, int] = field(default_factory=dict)

    def add(self, event: StoredEvent) -> None:
        self.keys[event.dedupe_key] += 1
        self.everything.add(event)
        if event.run_id is not None:
            self.runs.setdefault(event.run_id, _RunBook()).add(event)
        if event.agent_id is not None:
            seen_us = self.last_seen_us.get(event.agent_id, 0)
            self.last_seen_us[event.agent_id] = max(seen_us, event.created_us)


def _events(store: EventStore, owner_id: int) -> Iterator[StoredEvent]:
    cursor: Cursor | None = None
    while True:
        page = store.events(owner_id, EventFilter(), limit=_PAGE, cursor=cursor)
        yield from page.events
        if (cursor := page.next_cursor) is None:
            return


def _runs(store: EventStore, owner_id: int) -> Iterator[StoredRun]:
    cursor: Cursor | None = None
    while True:
        page = store.runs(owner_id, RunFilter(), limit=_PAGE, cursor=cursor)
        yield from page.runs
        if (cursor := page.next_cursor) is None:
            return


def _wrong_events(stored: Counter[str | None], acknowledged: Iterable[str]) -> Iterator[str]:
    wanted = set(acknowledged)
    lost = wanted - stored.keys()
    doubled = [key for key, times in stored.items() if times > 1]
    unknown = stored.keys() - wanted
    for what, keys in (("lost", lost), ("doubled", doubled), ("never sent", unknown)):
        if keys:
            yield f"{len(keys)} of {len(wanted)} events {what}, such as {next(iter(keys))}"


def _wrong_sums(store: EventStore, owner_id: int, books: _Books) -> Iterator[str]:
    kept, warned = all_sums(store, owner_id), _warnings(store, owner_id)
    store.rebuild(owner_id)
    rebuilt = all_sums(store, owner_id)
    if kept != rebuilt:
        yield f"{_differences(kept, rebuilt)} groups of sums differ from a rebuild"
    if warned != _warnings(store, owner_id):
        yield "the counts of warnings differ from a rebuild"
    everything = books.everything
    for name, summed, added in (
        ("events", events_counted(kept), everything.events),
        ("llm_calls", sum(group.sums.llm_calls for group in kept), everything.llm_calls),
        ("tokens_in", sum(group.sums.tokens_in for group in kept), everything.tokens_in),
        ("tokens_out", sum(group.sums.tokens_out for group in kept), everything.tokens_out),
        ("cost_nusd", sum(group.sums.cost_nusd for group in kept), everything.cost_nusd),
    ):
        if summed != added:
            yield f"the sums say {name} {summed}, the events {added}"


def _warnings(store: EventStore, owner_id: int) -> list[WarningCount]:
    return store.warnings(owner_id, start_us=0, end_us=_END_OF_TIME_US)


def _differences(kept: Sequence[Group], rebuilt: Sequence[Group]) -> int:
    before, after = (
        {tuple(group.key.items()): group for group in groups} for groups in (kept, rebuilt)
    )
    return sum(before.get(key) != after.get(key) for key in before.keys() | after.keys())


def _wrong_runs(runs: Iterable[StoredRun], books: dict[str, _RunBook]) -> Iterator[str]:
    told = {
        run.run_id: _RunBook(
            run.events_count,
            run.llm_calls_count,
            run.tool_calls_count,
            run.total_tokens_in,
            run.total_tokens_out,
            run.total_cost_nusd,
            run.last_us,
        )
        for run in runs
    }
    for run_id in told.keys() | books.keys():
        if told.get(run_id) != books.get(run_id):
            yield f"run {run_id}: told {told.get(run_id)}, its events {books.get(run_id)}"


def _wrong_agents(engine: Engine, owner_id: int, last_seen_us: dict[int, int]) -> Iterator[str]:
    with engine.connect() as connection:
        query = select(Agent.id, Agent.last_seen_us).where(Agent.user_id == owner_id)
        told = {agent.id: agent.last_seen_us for agent in connection.execute(query)}
    for agent_id in told.keys() | last_seen_us.keys():
        if told.get(agent_id) != last_seen_us.get(agent_id):
            yield (
                f"agent {agent_id}: last seen at {told.get(agent_id)},"
                f" its newest event at {last_seen_us.get(agent_id)}"
            )
