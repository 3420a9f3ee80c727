"""One row of a price list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from otel_bridge.pricing.rates import Rate, Rates


@dataclass(frozen=True, slots=True)
class Price:
    """USD per million tokens of one model, from `effective_from` until before `effective_to`.

    A part without a price of its own (None) is charged as its whole: cached tokens as input.
    """

    provider: str
    model: str
    input_cost_per_mtok: Decimal | None
    output_cost_per_mtok: Decimal | None
    cache_read_cost_per_mtok: Decimal | None = None
    cache_write_cost_per_mtok: Decimal | None = None
    effective_from: datetime | None = None
    effective_to: datetime | None = None

    def holds_at(self, moment: datetime) -> bool:
        """Whether this is the price at `moment`."""
        started = self.effective_from is None or self.effective_from <= moment
        return started and (self.effective_to is None or moment < self.effective_to)

    @property
    def rates(self) -> Rates:
        """The row's rates, without tiers."""
        return Rates(
            input=_rate(self.input_cost_per_mtok),
            output=_rate(self.output_cost_per_mtok),
            cache_read=_rate(self.cache_read_cost_per_mtok),
            cache_write=_rate(self.cache_write_cost_per_mtok),
        )


def _rate(amount: Decimal | None) -> Rate | None:
    return None if amount is None else Rate(amount)
