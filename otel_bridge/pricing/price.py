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
    `cache_write` is what is kept for five minutes. Every call pays a thousandth of
    `cost_per_thousand_requests` besides.
    """

    provider: str
    model: str
    input_cost_per_mtok: Decimal | None
    output_cost_per_mtok: Decimal | None
    cache_read_cost_per_mtok: Decimal | None = None
    cache_write_cost_per_mtok: Decimal | None = None
    effective_from: datetime | None = None
    effective_to: datetime | None = None
    cache_write_1h_cost_per_mtok: Decimal | None = None
    reasoning_cost_per_mtok: Decimal | None = None
    audio_in_cost_per_mtok: Decimal | None = None
    audio_cache_read_cost_per_mtok: Decimal | None = None
    audio_out_cost_per_mtok: Decimal | None = None
    image_in_cost_per_mtok: Decimal | None = None
    image_cache_read_cost_per_mtok: Decimal | None = None
    image_out_cost_per_mtok: Decimal | None = None
    cost_per_thousand_requests: Decimal = Decimal(0)

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
            cache_write_1h=_rate(self.cache_write_1h_cost_per_mtok),
            reasoning=_rate(self.reasoning_cost_per_mtok),
            audio_in=_rate(self.audio_in_cost_per_mtok),
            audio_cache_read=_rate(self.audio_cache_read_cost_per_mtok),
            audio_out=_rate(self.audio_out_cost_per_mtok),
            image_in=_rate(self.image_in_cost_per_mtok),
            image_cache_read=_rate(self.image_cache_read_cost_per_mtok),
            image_out=_rate(self.image_out_cost_per_mtok),
            usd_per_thousand_requests=self.cost_per_thousand_requests,
        )


def _rate(amount: Decimal | None) -> Rate | None:
    return None if amount is None else Rate(amount)
