"""What the product says of a capture beside what is true of it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar

from backend.store import EventFilter, EventStore, RunFilter, StoredEvent, StoredRun
from otel_bridge.facts import Usage
from otel_bridge.pricing import PriceBook
from otel_bridge.pricing.providers import provider_of
from tests.truth.captures import Capture, Truth

_EVERYTHING_US = 2**52
_PAGE = 200


@dataclass(frozen=True, slots=True)
class Told:
    """The product's totals of one owner."""

    tokens_in: int
    tokens_out: int
    tokens_cache_read: int
    tokens_cache_write: int
    tokens_reasoning: int
    cost_usd: Decimal
    calls: int
    calls_failed: int
    unpriced: int
    tools: tuple[int, int]
    runs: Mapping[str, tuple[int, int]]
    tokens_by_agent: Mapping[str, int]


def told_by(store: EventStore, owner_id: int) -> Told:
    """Return what the store's own answers say."""
    sums = store.measure(owner_id, start_us=0, end_us=_EVERYTHING_US)[0].sums
    runs = store.runs(owner_id, RunFilter(), limit=_PAGE).runs
    return Told(
        tokens_in=sums.tokens_in,
        tokens_out=sums.tokens_out,
        tokens_cache_read=sums.tokens_cache_read,
        tokens_cache_write=sums.tokens_cache_write,
        tokens_reasoning=sums.tokens_reasoning,
        cost_usd=Decimal(sums.cost_nusd).scaleb(-9),
        calls=sums.llm_calls,
        calls_failed=sums.llm_errors,
        unpriced=sums.unpriced_calls,
        tools=(sums.tool_calls, sums.tool_errors),
        runs=_by_agent(runs),
        tokens_by_agent=_tokens_by_agent(events_of(store, owner_id)),
    )


def events_of(store: EventStore, owner_id: int) -> list[StoredEvent]:
    """Return every event of an owner, newest first."""
    events: list[StoredEvent] = []
    cursor = None
    while True:
        page = store.events(owner_id, EventFilter(), limit=_PAGE, cursor=cursor)
        events += page.events
        cursor = page.next_cursor
        if cursor is None:
            return events


def _by_agent(runs: Iterable[StoredRun]) -> dict[str, tuple[int, int]]:
    named = [(run.agent or "", run.status) for run in runs]
    failed = Counter(agent for agent, status in named if status == "error")
    return {agent: (n, failed[agent]) for agent, n in Counter(a for a, _ in named).items()}


def _tokens_by_agent(events: Iterable[StoredEvent]) -> dict[str, int]:
    tokens: dict[str, int] = defaultdict(int)
    for event in events:
        if event.counted:
            tokens[event.agent or ""] += (event.tokens_in or 0) + (event.tokens_out or 0)
    return {agent: count for agent, count in tokens.items() if count}


@dataclass(frozen=True, slots=True)
class Score:
    """One capture: what the product told, and which of it is right."""

    name: str
    told: Told
    truth: Truth

    @classmethod
    def of(cls, capture: Capture, told: Told) -> Score:
        """Return the score of a capture."""
        return cls(capture.name, told, capture.truth)

    #: What is compared, by the names that the table gives it.
    MEASURES: ClassVar = ("tokens", "calls", "tools", "runs", "agents")

    @property
    def wrong(self) -> list[str]:
        """Which of the measures are not right."""
        return [name for name in self.MEASURES if not getattr(self, f"{name}_right")]

    @property
    def tokens_served(self) -> int:
        """All tokens that reached the client."""
        return self.truth.tokens_served

    @property
    def tokens_right(self) -> bool:
        """Whether both totals lie between what the spans carry and what the client saw."""
        told, truth = self.told, self.truth
        return told.tokens_in in truth.tokens_in and told.tokens_out in truth.tokens_out

    @property
    def tokens_error(self) -> Decimal:
        """By how many tokens the totals are off."""
        told, truth = self.told, self.truth
        return truth.tokens_in.error(told.tokens_in) + truth.tokens_out.error(told.tokens_out)

    @property
    def calls_right(self) -> bool:
        """Whether each call counts once."""
        return self.told.calls in self.truth.calls

    @property
    def tools_right(self) -> bool:
        """Whether each execution of a tool is one, and the failed ones failed."""
        return self.told.tools == self.truth.tools

    @property
    def runs_right(self) -> bool:
        """Whether there are as many runs as happened, and as many failed."""
        happened = self.truth.runs.values()
        found = self.told.runs.values()
        return _sums(found) == _sums(happened)

    @property
    def agents_right(self) -> bool:
        """Whether the runs are those of their own agents."""
        return dict(self.told.runs) == dict(self.truth.runs)

    @property
    def cost_usd(self) -> Decimal:
        """What the calls whose usage the spans carry cost by the price list."""
        return sum((_cost(call) for call in self.truth.calls_told), Decimal(0))


def _sums(runs: Iterable[tuple[int, int]]) -> tuple[int, int]:
    pairs = list(runs)
    return sum(count for count, _ in pairs), sum(failed for _, failed in pairs)


def _cost(call: Mapping[str, Any]) -> Decimal:
    usage = Usage(
        call["tokens_in"],
        call["tokens_out"],
        call["tokens_cache_read"],
        call["tokens_cache_write"],
        call["tokens_reasoning"],
    )
    model = call["model"]
    quote = PriceBook().quote(provider_of(None, model), model, usage, at=datetime.now(UTC))
    return Decimal(0) if quote is None else quote.cost_usd
