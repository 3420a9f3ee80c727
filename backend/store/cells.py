"""Sums of the events that share a key, and how they are folded to the keys of another level."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from backend.store.levels import Key, Level

SUM_COLUMNS = (
    "events",
    "counted",
    "tokens_in",
    "tokens_out",
    "tokens_cache_read",
    "tokens_cache_write",
    "tokens_reasoning",
    "cost_nusd",
    "unpriced",
    "unpriced_tokens_in",
    "unpriced_tokens_out",
    "latency_sum_ms",
)
#: The types that are calls: one that was set aside happened elsewhere, and is only an event here.
CALL_TYPES = frozenset({"llm_call", "tool_call"})
#: The types whose durations have a histogram.
TIMED_TYPES = frozenset({"llm_call", "tool_call", "run_finished"})


@dataclass(slots=True)
class Cell:
    """Sums in the order of `SUM_COLUMNS`, latencies by bucket, and the newest heartbeat's time."""

    sums: list[int] = field(default_factory=lambda: [0] * len(SUM_COLUMNS))
    latencies: dict[int, int] = field(default_factory=dict)
    newest_us: int = 0

    @property
    def is_nothing(self) -> bool:
        """Whether adding it changes nothing."""
        return not (any(self.sums) or any(self.latencies.values()) or self.newest_us)


class WarningKey(NamedTuple):
    """The key of a count of warnings within its owner and level."""

    bucket_us: int
    code: str
    scope: str
    provider: str
    model: str


Cells = Mapping[Key, Cell]


def fold(cells: Cells, level: Level, start_of: Callable[[int], int]) -> Cells:
    """Return the sums by the keys of a level; `start_of` tells where a quarter-hour belongs.

    Cells are shared where there is nothing to add up.
    """
    starts = {bucket_us: start_of(bucket_us) for bucket_us in {key.bucket_us for key in cells}}
    parts: defaultdict[Key, list[Cell]] = defaultdict(list)
    for key, cell in cells.items():
        parts[level.key_of(key, starts[key.bucket_us])].append(cell)
    return {key: _total(some) for key, some in parts.items()}


def _total(cells: Sequence[Cell]) -> Cell:
    if len(cells) == 1:
        return cells[0]
    latencies: dict[int, int] = {}
    for cell in cells:
        for bucket, n in cell.latencies.items():
            latencies[bucket] = latencies.get(bucket, 0) + n
    columns = zip(*(cell.sums for cell in cells), strict=True)
    return Cell([sum(column) for column in columns], latencies, max(c.newest_us for c in cells))
