"""What a recalculation changes: call by call, and in sums by day and model."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, tzinfo

from backend.store.costing import Cost, PricedBy, cost_of
from backend.store.rollups import is_unpriced
from backend.store.rows import Placement, Row
from backend.store.windows import day_at
from otel_bridge.pricing import PriceBook


@dataclass(frozen=True, slots=True)
class Change:
    """An event, and its place with the cost it had and with the one it gets."""

    row: Row
    before: Placement
    after: Placement


@dataclass(frozen=True, slots=True)
class Difference:
    """How many calls cost another amount, or have it from another source; nano-USD.

    Only what counts is in it, so `cost_nusd` is what the sums of metrics change by. A call without
    a price adds nothing to a sum of money; the last two say how many gain a price or lose it.
    """

    calls: int = 0
    cost_before_nusd: int = 0
    cost_after_nusd: int = 0
    newly_priced: int = 0
    no_longer_priced: int = 0

    @property
    def cost_nusd(self) -> int:
        """How much more it costs."""
        return self.cost_after_nusd - self.cost_before_nusd

    def __add__(self, other: Difference) -> Difference:
        return Difference(
            self.calls + other.calls,
            self.cost_before_nusd + other.cost_before_nusd,
            self.cost_after_nusd + other.cost_after_nusd,
            self.newly_priced + other.newly_priced,
            self.no_longer_priced + other.no_longer_priced,
        )

    @classmethod
    def of(cls, change: Change) -> Difference:
        """Return the difference that one event makes: none where its usage does not count."""
        before, after = change.before, change.after
        if not before.counted:
            return NO_DIFFERENCE
        was_unpriced, stays_unpriced = is_unpriced(before), is_unpriced(after)
        return cls(
            calls=1,
            cost_before_nusd=before.cost_nusd or 0,
            cost_after_nusd=after.cost_nusd or 0,
            newly_priced=int(was_unpriced and not stays_unpriced),
            no_longer_priced=int(stays_unpriced and not was_unpriced),
        )


NO_DIFFERENCE = Difference()


@dataclass(frozen=True, slots=True)
class SummaryLine:
    """The difference of one model on one day, cut in the owner's time zone."""

    day: date
    provider: str | None
    model: str | None
    difference: Difference


@dataclass(frozen=True, slots=True)
class Summary:
    """The difference by day and model, oldest first; lines without any are left out."""

    lines: tuple[SummaryLine, ...] = ()

    @property
    def total(self) -> Difference:
        """The sum of all lines."""
        return sum((line.difference for line in self.lines), NO_DIFFERENCE)


def summary_of(changes: Iterable[Change], zone: tzinfo) -> Summary:
    """Return the sums of changes by day and model."""
    sums: dict[tuple[date, str, str], Difference] = defaultdict(Difference)
    for change in changes:
        difference = Difference.of(change)
        if difference.calls:
            day = day_at(change.row.entry.created_us, zone)
            place = change.after
            sums[day, place.provider or "", place.model or ""] += difference
    return Summary(
        tuple(
            SummaryLine(day, provider or None, model or None, sums[day, provider, model])
            for day, provider, model in sorted(sums)
        )
    )


def change_by(row: Row, priced: PricedBy, book: PriceBook) -> Change | None:
    """Return what pricing a stored event anew changes; None where it costs what it does."""
    place = row.placement
    if place is None:
        return None
    return change_to(row, cost_of(place.told, priced, book, at_us=row.entry.created_us))


def change_to(row: Row, cost: Cost) -> Change | None:
    """Return what another cost changes of a stored event; None for the cost that it has."""
    place = row.placement
    if place is None or place.cost == cost:
        return None
    return Change(row, place, place.at_cost(cost))


def digest_of(place: Placement) -> str:
    """Return what tells apart, at two times, what a call's cost follows from."""
    told = tuple(place.told._replace(session=None))
    return hashlib.blake2b(repr(told).encode(), digest_size=16).hexdigest()
