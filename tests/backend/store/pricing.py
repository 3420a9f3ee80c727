"""Prices that change, books that do something while they are read, and what history costs then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from backend.store import EventStore, Recalculated, Summary
from otel_bridge.event import Event
from otel_bridge.facts import Usage
from otel_bridge.pricing import Price, PriceBook, Quote
from tests.backend.store.makers import llm_call

ALWAYS = {"start_us": 0, "end_us": 2**62}
#: The price list knows nobody of that name.
PROVIDER = "acme"


def call(span: str = "", model: str = "m1", **fields: Any) -> Event:
    """Return a call of 100 tokens in and 20 out that tells no cost, to a provider of our own."""
    return llm_call(span, **{"provider": PROVIDER, "model": model, "cost_usd": None, **fields})


def book_of(**usd: int) -> PriceBook:
    """Return a book in which a million input tokens of these models cost so much."""
    return PriceBook(
        [Price(PROVIDER, model, Decimal(price), Decimal(0)) for model, price in usd.items()]
    )


class BusyBook(PriceBook):
    """A book during whose `at`-th quote something else happens."""

    def __init__(self, doing: Callable[[], object], *, at: int = 1, **usd: int) -> None:
        super().__init__(
            [Price(PROVIDER, model, Decimal(price), Decimal(0)) for model, price in usd.items()]
        )
        self._doing = doing
        self._ahead = at

    def quote(
        self, provider: str | None, model: str | None, usage: Usage, *, at: datetime
    ) -> Quote | None:
        """Return the quote, after what shall happen."""
        self._ahead -= 1
        if self._ahead == 0:
            self._doing()
        return super().quote(provider, model, usage, at=at)


class PowerCutError(Exception):
    """The process ended here."""


def power_cut() -> None:
    """End the process, as far as the store can tell: what is committed stays."""
    raise PowerCutError


@dataclass(slots=True)
class Clock:
    """A clock that a test moves, in microseconds."""

    now_us: int = field(default=2_000_000_000_000_000)

    def __call__(self) -> int:
        return self.now_us


def preview(store: EventStore, owner_id: int, book: PriceBook) -> Summary:
    """Return what a recalculation of everything would change."""
    return store.preview_recalculation(owner_id, book=book, **ALWAYS)


def apply(store: EventStore, owner_id: int, book: PriceBook, *, step: int = 3) -> Recalculated:
    """Recalculate everything, a few events at a time."""
    return store.apply_recalculation(owner_id, book=book, step=step, **ALWAYS)
