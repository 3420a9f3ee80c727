"""What a call costs: the owner's own prices before the price list, unknown as None and never 0."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal

from otel_bridge.facts import Usage
from otel_bridge.noun import noun
from otel_bridge.pricing.model_names import plain_name, spellings
from otel_bridge.pricing.package import price_list, rates_of, version_of
from otel_bridge.pricing.price import Price
from otel_bridge.pricing.provider_names import provider_id
from otel_bridge.pricing.providers import is_known_provider, provider_of
from otel_bridge.pricing.rates import LARGEST_COUNT, Rates

__all__ = ["Price", "PriceBook", "Quote", "calculate_cost", "is_known_provider", "price_list"]

#: Characters; what is longer is no name, and is not looked up.
_LONGEST_NAME = 255


@noun
class Quote:
    """The cost of a call in USD, half-even to nine places, and where the price came from."""

    cost_usd: Decimal
    source: Literal["owner", "price_list"]
    version: str


@dataclass(frozen=True, slots=True)
class _OwnPrice:
    """A row of the owner's, with what the quotes need of it."""

    price: Price
    rates: Rates
    version: str


class PriceBook:
    """The owner's own prices, then the price list.

    An owner's row is for its provider's model of that name, and for releases of the model that have
    no row of their own.
    """

    def __init__(self, owner_prices: Sequence[Price] = ()) -> None:
        self._owner_prices: dict[tuple[str, str], list[_OwnPrice]] = {}
        for price in sorted(owner_prices, key=_started, reverse=True):
            seller = provider_id(price.provider)
            rows = self._owner_prices.setdefault((seller, plain_name(seller, price.model)), [])
            rows.append(_OwnPrice(price, price.rates, _since(price)))

    def quote(
        self, provider: str | None, model: str | None, usage: Usage, *, at: datetime
    ) -> Quote | None:
        """Return what a call at that moment (aware) cost; None where price or usage is not known.

        A model is priced as its provider's only: without a provider there is no price.
        """
        if not provider or not model or max(len(provider), len(model)) > _LONGEST_NAME:
            return None
        seller = provider_id(provider)
        if own := self._own_price(seller, model, at):
            cost = own.rates.cost(usage)
            return None if cost is None else Quote(cost, "owner", own.version)
        rates = rates_of(seller, model, at)
        cost = rates.cost(usage) if rates else None
        return None if cost is None else Quote(cost, "price_list", version_of(seller))

    def _own_price(self, provider: str, model: str, at: datetime) -> _OwnPrice | None:
        """Return the owner's row in force, the one that began last where several are."""
        if not self._owner_prices:
            return None
        rows = (self._owner_prices.get((provider, name), ()) for name in spellings(provider, model))
        return next((row for named in rows for row in named if row.price.holds_at(at)), None)


def _started(price: Price) -> datetime:
    return price.effective_from or datetime.min.replace(tzinfo=UTC)


def _since(price: Price) -> str:
    start = price.effective_from
    return "owner" if start is None else f"owner {start.date().isoformat()}"


def calculate_cost(
    provider: str | None,
    model: str,
    tokens_in: int | None,
    tokens_out: int | None,
    *,
    tokens_cache_read: int | None = None,
    tokens_cache_write: int | None = None,
    tokens_cache_write_1h: int | None = None,
    tokens_reasoning: int | None = None,
    tokens_audio_in: int | None = None,
    tokens_audio_cache_read: int | None = None,
    tokens_audio_out: int | None = None,
    tokens_image_in: int | None = None,
    tokens_image_out: int | None = None,
    at: datetime | None = None,
) -> Decimal | None:
    """Return what a call costs in USD by the price list, or None where it is not known.

    Counts that are no counts (negative, fractions) are not known either.

    `tokens_in` includes cached tokens, audio and images, `tokens_out` reasoning, audio and images;
    the others are parts of them, and `tokens_cache_write_1h` one of `tokens_cache_write`. `at` is
    the moment of the call (UTC where it has no zone; now by default).
    """
    usage = Usage(
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        tokens_cache_read=tokens_cache_read,
        tokens_cache_write=tokens_cache_write,
        tokens_reasoning=tokens_reasoning,
        tokens_cache_write_1h=tokens_cache_write_1h,
        tokens_audio_in=tokens_audio_in,
        tokens_audio_cache_read=tokens_audio_cache_read,
        tokens_audio_out=tokens_audio_out,
        tokens_image_in=tokens_image_in,
        tokens_image_out=tokens_image_out,
    )
    names: tuple[object, ...] = (provider or "", model)
    are_texts = all(isinstance(name, str) for name in names)
    moment = _in_utc(datetime.now(UTC) if at is None else at)
    if not are_texts or moment is None or not all(_is_count(value) for value in astuple(usage)):
        return None
    quote = _LIST.quote(provider_of(provider, model), model, usage, at=moment)
    return None if quote is None else quote.cost_usd


_LIST = PriceBook()


def _in_utc(moment: object) -> datetime | None:
    """Return the same moment in UTC; None for what is no moment that UTC knows."""
    if not isinstance(moment, datetime):
        return None
    try:
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except OverflowError:
        return None


def _is_count(value: object) -> bool:
    if value is None:
        return True
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST_COUNT
