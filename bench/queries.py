"""Every question, asked of a small and of a big database in turn."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from uuid import uuid4

from bench.histories import fresh_batches, history
from bench.questions import Asked, Question
from bench.report import Report, number, times
from bench.sites import Site
from otel_bridge.event import Event

SMALL = 10_000

_MOST_TIMES = 2.0
_MOST_MS = 50.0

_LEAST_REPEATS, _MOST_REPEATS = 7, 50
_ENOUGH_S = 3.0
_BATCHES = 12


@dataclass(frozen=True, slots=True)
class Pair:
    """How long the same took in the small and in the big database, in ms, sorted."""

    name: str
    small_ms: list[float]
    big_ms: list[float]

    @property
    def ratio(self) -> float:
        """How many times as long the big one took."""
        return median(self.big_ms) / median(self.small_ms)


def measure_queries(report: Report, site: Site, events: int) -> None:
    """Report how long reading and writing take in a database of so many events."""
    report.say(f"\nqueries in {site.name}")
    with history(report, site, SMALL) as small, history(report, site, events) as big:
        reads = list(_reads(small, big))
        writes = list(_writes(small, big))
    heads = ("ms", number(SMALL), "95 %", number(events), "95 %", "times", "target")
    report.table(
        f"{site.name}: medians over thirty days",
        heads,
        [_row(report, site, pair, most_ms=_MOST_MS) for pair in reads]
        + [_row(report, site, pair, most_ms=None) for pair in writes],
    )


def _reads(small: Asked, big: Asked) -> Iterator[Pair]:
    in_big = big.questions()
    for name, question in small.questions().items():
        yield _in_turn(name, question, in_big[name])


def _in_turn(name: str, small: Question, big: Question) -> Pair:
    small(), big()
    pair = Pair(name, [], [])
    enough_s = time.monotonic() + _ENOUGH_S
    while len(pair.big_ms) < _LEAST_REPEATS or (
        len(pair.big_ms) < _MOST_REPEATS and time.monotonic() < enough_s
    ):
        pair.small_ms.append(_ms(small))
        pair.big_ms.append(_ms(big))
    return Pair(name, sorted(pair.small_ms), sorted(pair.big_ms))


def _ms(work: Question) -> float:
    started_s = time.perf_counter()
    work()
    return (time.perf_counter() - started_s) * 1000


def _writes(small: Asked, big: Asked) -> Iterator[Pair]:
    """Yield what changes the databases, which therefore comes last."""
    for asked in (small, big):
        asked.store.aggregate_recent()
    took_ms = [
        (_written_ms(small, for_small), _written_ms(big, for_big))
        for for_small, for_big in zip(
            fresh_batches(small, _BATCHES), fresh_batches(big, _BATCHES), strict=True
        )
    ]
    for at, name in enumerate(("store 1,000 events", "first event of an agent", "aggregate after")):
        small_ms, big_ms = ([each[at] for each in one] for one in zip(*took_ms, strict=True))
        yield Pair(name, sorted(small_ms), sorted(big_ms))


def _written_ms(asked: Asked, events: list[Event]) -> tuple[float, float, float]:
    """Return how long a batch takes, the first event of an agent, and aggregating both."""
    return (
        _ms(lambda: asked.store.append(asked.owner_id, events)),
        _ms(lambda: _greet(asked)),
        _ms(asked.store.aggregate_recent),
    )


def _greet(asked: Asked) -> None:
    asked.store.append(asked.owner_id, [Event("heartbeat", asked.now_us, agent=f"new {uuid4()}")])


def _row(report: Report, site: Site, pair: Pair, *, most_ms: float | None) -> tuple[str, ...]:
    took_ms = median(pair.big_ms)
    is_met = pair.ratio <= _MOST_TIMES and (most_ms is None or took_ms <= most_ms)
    told = f"{site.name}, {pair.name}: {took_ms:.1f} ms, {times(pair.ratio)} of the small one"
    return (
        pair.name,
        *(
            f"{value:.1f}"
            for sample in (pair.small_ms, pair.big_ms)
            for value in (median(sample), sample[int(len(sample) * 0.95)])
        ),
        times(pair.ratio),
        report.verdict(told, is_met=is_met),
    )
