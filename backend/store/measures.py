"""The sums of a window, grouped: what every page, metric and alert is answered from."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, tzinfo
from operator import add
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, func, literal_column

from backend.store.cells import TIMED_TYPES
from backend.store.histograms import packed
from backend.store.latency import bucket_of
from backend.store.parts import Part, Question
from backend.store.sums import EVERYTHING, NO_LATENCIES, Dimension, Group, Histogram, Sums, Where
from backend.store.windows import Window

#: The values of a group's dimensions.
_Key = tuple[Any, ...]


def measure(
    connection: Connection,
    owner_id: int,
    *,
    window: Window,
    group_by: Sequence[Dimension] = (),
    where: Where = EVERYTHING,
    zone: tzinfo = UTC,
    latencies_of: Collection[str] = TIMED_TYPES,
) -> list[Group]:
    """Return the groups that have events, by key; without dimensions always exactly one.

    Whole days, hours and quarter-hours come from the roll-ups; the ragged edges of a window are
    counted from the events.
    """
    question = Question.about(
        connection, owner_id, window=window, group_by=group_by, where=where, zone=zone
    )
    sums: dict[_Key, Sequence[int]] = {} if group_by else {(): Sums()}
    latencies: defaultdict[tuple[_Key, str], list[bytes]] = defaultdict(list)
    for part in question.parts():
        for key, numbers in _sums_of(question, part):
            before = sums.get(key)
            sums[key] = numbers if before is None else [*map(add, before, numbers)]
        if latencies_of:
            for key, event_type, value in _latencies(question, part, latencies_of):
                latencies[key, event_type].append(value)
    histograms = {key: Histogram(values) for key, values in latencies.items()}
    return [
        Group(
            question.cut.shown(key),
            Sums._make(sums[key]),
            *(histograms.get((key, event_type), NO_LATENCIES) for event_type in _CALLED),
        )
        for key in sorted(sums)
    ]


def _sums_of(question: Question, part: Part) -> Iterator[tuple[_Key, Sequence[int]]]:
    """Yield the group's key and its sums in the order of `Sums`."""
    width = len(part.keys)
    grouped = part.select(*part.keys, *_SUMS).group_by(*part.positions)
    for values in question.connection.execute(grouped):
        yield question.cut.values(values[:width], part.step), values[width:]


#: The types that `Sums` counts by themselves, in its order.
_CALLED = ("llm_call", "tool_call", "run_finished")


def _sum(amount: str, condition: str = "") -> ColumnElement[int]:
    # PostgreSQL's sums of integers are decimals, which take longer to read.
    only = f" FILTER (WHERE {condition})" if condition else ""
    return literal_column(f"CAST(coalesce(sum({amount}){only}, 0) AS BIGINT)", BigInteger())


#: The fields of `Sums` over the columns of `Rollup`: as text, which costs nothing to compile.
_SUMS = (
    _sum("events"),
    _sum("counted", "status = 'error'"),
    *(
        _sum("counted", f"event_type = '{event_type}'{failed}")
        for event_type in _CALLED
        for failed in ("", " AND status = 'error'")
    ),
    *map(_sum, ("tokens_in", "tokens_out", "tokens_cache_read", "tokens_cache_write")),
    *map(_sum, ("tokens_reasoning", "cost_nusd", "unpriced")),
    *(_sum("latency_sum_ms", f"event_type = '{event_type}'") for event_type in _CALLED),
)


def _latencies(
    question: Question, part: Part, event_types: Collection[str]
) -> Iterator[tuple[_Key, str, bytes]]:
    """Yield the group's key, the event type and a packed histogram, as often as there are some."""
    of = part.table.c
    is_wanted = of.event_type.in_(sorted(event_types))
    if part.level is None:
        found: Iterable[_Key] = _latencies_of_events(question, part, is_wanted)
    else:
        packed_ones = part.select(*part.keys, of.event_type, of.latencies)
        found = question.connection.execute(packed_ones.where(is_wanted, of.latencies.is_not(None)))
    for *told, event_type, value in found:
        yield question.cut.values(told, part.step), event_type, value


def _latencies_of_events(
    question: Question, part: Part, is_wanted: ColumnElement[bool]
) -> Iterator[_Key]:
    of = part.table.c
    timed = part.select(*part.keys, of.event_type, of.latency_ms, func.count())
    counts: defaultdict[_Key, Counter[int]] = defaultdict(Counter)
    for *key, latency_ms, n in question.connection.execute(
        timed.where(is_wanted, of.latency_ms.is_not(None)).group_by(
            *part.positions, of.event_type, of.latency_ms
        )
    ):
        counts[tuple(key)][bucket_of(latency_ms)] += n
    for told, buckets in counts.items():
        yield *told, packed(buckets)
