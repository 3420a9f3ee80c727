"""What is measured, and the answer: sums and latencies of groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Any, Literal, NamedTuple

from backend.store.histograms import added
from backend.store.latency import quantile

Dimension = Literal["quarter", "hour", "day", "agent_id", "provider", "model", "tool", "event_type"]


@dataclass(frozen=True, slots=True)
class Where:
    """What to measure; None is everything. `agent_id` 0 is what belongs to no agent."""

    agent_id: int | None = None
    provider: str | None = None
    model: str | None = None
    tool: str | None = None
    event_type: str | None = None
    status: str | None = None

    @property
    def wanted(self) -> Mapping[str, int | str]:
        """The columns that are restricted, and to what."""
        pairs = {name: getattr(self, name) for name in self.__slots__}
        return {name: value for name, value in pairs.items() if value is not None}


EVERYTHING = Where()


class Sums(NamedTuple):
    """Counts, tokens, money (nano-USD) and milliseconds. A call set aside is only an event."""

    total_events: int = 0
    errors: int = 0
    llm_calls: int = 0
    llm_errors: int = 0
    tool_calls: int = 0
    tool_errors: int = 0
    runs: int = 0
    runs_failed: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cache_read: int = 0
    tokens_cache_write: int = 0
    tokens_reasoning: int = 0
    cost_nusd: int = 0
    unpriced_calls: int = 0
    llm_latency_sum_ms: int = 0
    tool_latency_sum_ms: int = 0
    run_latency_sum_ms: int = 0


@dataclass(frozen=True, eq=False)
class Histogram:
    """Latencies of calls: packed histograms, which are added up when something is asked."""

    values: Sequence[bytes] = ()

    def __eq__(self, other: object) -> bool:
        """Whether as many calls lie in every bucket, in however many parts and in what order."""
        return isinstance(other, Histogram) and self.buckets == other.buckets

    __hash__ = None  # type: ignore[assignment]  # who is equal by value is no key

    @property
    def buckets(self) -> Mapping[int, int]:
        """How many calls lie in which bucket."""
        first, counts = added(self.values)
        return {bucket: n for bucket, n in enumerate(counts, first) if n}

    @property
    def count(self) -> int:
        """The number of calls whose latency is known."""
        _first, upto = self._upto
        return upto[-1] if upto else 0

    def quantile(self, q: float) -> int | None:
        """Return the latency in milliseconds, within 1 %, that the share `q` did not exceed."""
        return quantile(*self._upto, q)

    @cached_property
    def _upto(self) -> tuple[int, Sequence[int]]:
        """A bucket, and how many calls lie in it or before, in the next or before, and so on."""
        first, counts = added(self.values)
        return first, list(accumulate(counts))


#: Of groups that have no timed calls, or whose latencies were not asked for.
NO_LATENCIES = Histogram()


class Group(NamedTuple):
    """The sums of one group. `key` has an entry per dimension; absent agents and names are None.

    `quarter` and `hour` are the start in Unix microseconds, `day` is a local date. The latencies
    are empty where they were not asked for.
    """

    key: Mapping[str, Any]
    sums: Sums
    llm_latency: Histogram = NO_LATENCIES
    tool_latency: Histogram = NO_LATENCIES
    run_latency: Histogram = NO_LATENCIES

    @property
    def llm_latency_avg_ms(self) -> float | None:
        """The mean latency of model calls in milliseconds, None without any."""
        count = self.llm_latency.count
        return self.sums.llm_latency_sum_ms / count if count else None
