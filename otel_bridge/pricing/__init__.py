"""What a call costs: the owner's own prices before the price list, unknown as None and never 0."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal

from otel_bridge.facts import Usage
from otel_bridge.pricing.package import price_list, rates_of, version
from otel_bridge.pricing.price import Price
from otel_bridge.pricing.providers import is_known_provider, provider_of
from otel_bridge.pricing.rates import Rates

__all__ = ["Price", "PriceBook", "Quote", "calculate_cost", "is_known_provider", "price_list"]

#: More tokens than any call has.
_LARGEST_COUNT = 10**12


@dataclass(frozen=True, slots=True)
class Quote:
    """The cost of a call in USD, half-even to nine places, and where the price came from."""

    cost_usd: Decimal
    source: Literal["owner", "price_list"]
    version: str


class PriceBook:
    """The owner's own prices, then the price list."""

    def __init__(self, owner_prices: Sequence[Price] = ()) -> None:
        self._owner_prices: dict[tuple[str, str], list[Price]] = {}
        for price in owner_prices:
            key = (price.provider.lower(), price.model.lower())
            self._owner_prices.setdefault(key, []).append(price)

    def quote(
        self, provider: str | None, model: str | None, usage: Usage, *, at: datetime
    ) -> Quote | None:
        """Return what a call at that moment cost; None where price or usage is not known."""
        if model is None or not usage.is_known:
            return None
        rates: Rates | None
        if own := self._own_price(provider, model, at):
            cost = own.rates.cost(usage)
            return None if cost is None else Quote(cost, "owner", _since(own))
        hour = at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        rates = rates_of(provider, model.lower(), hour)
        cost = rates.cost(usage) if rates else None
        return None if cost is None else Quote(cost, "price_list", version())

    def _own_price(self, provider: str | None, model: str, at: datetime) -> Price | None:
        """Return the owner's row in force, the one that began last where several are."""
        if not self._owner_prices:
            return None
        rows = self._owner_prices.get(((provider or "").lower(), model.lower()), [])
        valid = [row for row in rows if row.holds_at(at)]
        return max(valid, key=_started, default=None)


def _started(price: Price) -> datetime:
    return price.effective_from or datetime.min.replace(tzinfo=UTC)


def _since(price: Price) -> str:
    start = price.effective_from
    return "owner" if start is None else f"owner {start.date().isoformat()}"


def calculate_cost(
    provider: str | None,
    model: str,
    tokens_in: int,
    tokens_out: int,
    *,
    tokens_cache_read: int | None = None,
    tokens_cache_write: int | None = None,
    tokens_reasoning: int | None = None,
    at: datetime | None = None,
) -> Decimal | None:
    """Return what a call costs in USD by the price list, or None where it is not known.

    Counts that are no counts (negative, fractions) are not known either.

    `tokens_in` includes cached tokens and `tokens_out` reasoning; `at` is the moment of the call
    (aware; now by default).
    """
    usage = Usage(tokens_in, tokens_out, tokens_cache_read, tokens_cache_write, tokens_reasoning)
    names: tuple[object, ...] = (provider or "", model)
    are_texts = all(isinstance(name, str) for name in names)
    if not are_texts or not all(_is_count(value) for value in astuple(usage)):
        return None
    canonical = provider_of(provider, model)
    quote = PriceBook().quote(canonical, model, usage, at=at or datetime.now(UTC))
    return None if quote is None else quote.cost_usd


def _is_count(value: object) -> bool:
    if value is None:
        return True
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LARGEST_COUNT
