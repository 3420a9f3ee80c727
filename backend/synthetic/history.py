"""Runs of synthetic agents over a window of time, in its order: daily rhythm, outages, silence."""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property

from backend.synthetic.profiles import PROFILES, AgentProfile, ModelProfile
from backend.synthetic.runs import heartbeat, run_events
from otel_bridge.event import Event
from otel_bridge.pricing import PriceBook

_HOUR_US = 3_600_000_000
_DAY_US = 24 * _HOUR_US
_HEARTBEAT_US = 10 * 60 * 1_000_000
#: Of a history that is scaled down, how much at most may be heartbeats.
_HEARTBEAT_SHARE = 0.1
_STEP_US = _HOUR_US // 4

#: How likely it is that a provider has an outage on a day, and how many of its calls fail then.
_OUTAGES_PER_DAY = 0.5
_OUTAGE_ERROR_RATE = 0.6


@dataclass(frozen=True)
class History:
    """What `profiles` did from `start_us` to `end_us` (Unix microseconds).

    `scale` multiplies how often they run; each says every `heartbeat_us` that it is alive. Equal
    seeds and windows give equal histories.
    """

    start_us: int
    end_us: int
    seed: int
    profiles: Sequence[AgentProfile] = PROFILES
    scale: float = 1.0
    heartbeat_us: int = _HEARTBEAT_US
    prices: PriceBook = field(default_factory=PriceBook)

    def batches(self, at_least: int) -> Iterator[list[Event]]:
        """Yield the events, whole runs in the order of their starts, `at_least` in a batch."""
        batch: list[Event] = []
        for _, _, events in heapq.merge(*self._streams()):
            batch += events
            if len(batch) >= at_least:
                yield batch
                batch = []
        if batch:
            yield batch

    def scaled_to(self, events: int) -> History:
        """Return the same history with about so many events.

        Heartbeats are as frequent as ever, unless they would be more than a tenth of the events.
        """
        lived_us = sum(max(0, self._last_us(one) - self.start_us) for one in self.profiles)
        heartbeat_us = max(self.heartbeat_us, round(lived_us / (events * _HEARTBEAT_SHARE)))
        expected = sum(self._expected_events(profile) for profile in self.profiles)
        wanted = events - lived_us / heartbeat_us
        scale = self.scale * wanted / expected if expected else self.scale
        return replace(self, scale=scale, heartbeat_us=heartbeat_us)

    def _streams(self) -> Iterator[Iterator[tuple[int, int, list[Event]]]]:
        """Yield for each agent its runs and its heartbeats as (time, tie-break, events)."""
        for number, profile in enumerate(self.profiles):
            yield self._runs(profile, 2 * number)
            yield self._heartbeats(profile, 2 * number + 1)

    def _runs(self, profile: AgentProfile, number: int) -> Iterator[tuple[int, int, list[Event]]]:
        """Thin a steady stream of the busiest hour's rate to what the hour of the day has."""
        rng = random.Random(f"{self.seed}:{profile.name}")  # noqa: S311 (a synthetic history)
        models, weights = zip(*profile.models, strict=True)
        per_us = profile.runs_per_busy_hour * self.scale / _HOUR_US
        last_us = self._last_us(profile)
        at_us = self.start_us + round(rng.expovariate(per_us))
        while at_us < last_us:
            if rng.random() < _intensity(profile, at_us):
                model = rng.choices(models, weights)[0]
                rate = self._error_rate(profile, model, at_us)
                events = run_events(
                    profile, model, rng, self.prices, start_us=at_us, error_rate=rate
                )
                yield (
                    at_us,
                    number,
                    [event for event in events if event.created_at_us < self.end_us],
                )
            at_us += max(1, round(rng.expovariate(per_us)))

    def _heartbeats(
        self, profile: AgentProfile, number: int
    ) -> Iterator[tuple[int, int, list[Event]]]:
        offset_us = number * 7_000_000
        for at_us in range(self.start_us + offset_us, self._last_us(profile), self.heartbeat_us):
            yield at_us, number, [heartbeat(profile, at_us)]

    def _last_us(self, profile: AgentProfile) -> int:
        return self.end_us - round(profile.silent_hours * _HOUR_US)

    def _error_rate(self, profile: AgentProfile, model: ModelProfile, at_us: int) -> float:
        is_out = any(start <= at_us < end for start, end in self._outages.get(model.provider, ()))
        return _OUTAGE_ERROR_RATE if is_out else profile.call_error_rate

    @cached_property
    def _outages(self) -> dict[str, list[tuple[int, int]]]:
        """Return each provider's outages in the window."""
        providers = {model.provider for one in self.profiles for model, _ in one.models}
        days = range(self.start_us // _DAY_US, self.end_us // _DAY_US + 1)
        outages: dict[str, list[tuple[int, int]]] = {name: [] for name in providers}
        for name in sorted(providers):
            for day in days:
                rng = random.Random(f"{self.seed}:{name}:{day}")  # noqa: S311 (as above)
                if rng.random() < _OUTAGES_PER_DAY:
                    begin = day * _DAY_US + rng.randrange(_DAY_US)
                    outages[name].append((begin, begin + rng.randrange(10, 50) * 60_000_000))
        return outages

    def _expected_events(self, profile: AgentProfile) -> float:
        steps = range(self.start_us, self._last_us(profile), _STEP_US)
        hours = sum(_intensity(profile, at_us) for at_us in steps) * _STEP_US / _HOUR_US
        return hours * profile.runs_per_busy_hour * self.scale * profile.events_per_run


def _intensity(profile: AgentProfile, at_us: int) -> float:
    moment = datetime.fromtimestamp(at_us / 1_000_000, UTC)
    return profile.rhythm.intensity(moment.hour + moment.minute / 60, moment.weekday())
