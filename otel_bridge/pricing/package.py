"""The price list of the genai-prices package: dated, tiered, aware of cached tokens.

Source: genai-prices, which the pydantic team keeps from the vendors' price pages.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from decimal import Decimal
from functools import cache, lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from otel_bridge.pricing.matching import stands_for
from otel_bridge.pricing.model_names import spellings
from otel_bridge.pricing.price import Price
from otel_bridge.pricing.provider_names import LOCAL_PROVIDERS
from otel_bridge.pricing.rates import Rate, Rates

if TYPE_CHECKING:
    from genai_prices.types import (
        ModelInfo,
        ModelPrice,
        Provider,
        StartDateConstraint,
        TieredPrices,
        TimeOfDateConstraint,
    )

_ZERO = Rate(Decimal(0))
_FREE = Rates(input=_ZERO, output=_ZERO)
#: Says in place of a release that a call cost nothing because it ran on the user's own machine.
_LOCAL_VERSION = "local"
#: How the list says of a model without prices that it is free; of others it knows no price.
_SAYS_FREE = re.compile(r"\bfree\b|\bzero token cost\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Tariff:
    """What a model costs at any moment: the first period in force, else the default."""

    default: Rates
    periods: tuple[tuple[StartDateConstraint | TimeOfDateConstraint | None, Rates], ...] = ()

    def at(self, moment: datetime) -> Rates:
        for constraint, rates in self.periods:
            if constraint is None or constraint.active(moment):
                return rates
        return self.default


def rates_of(provider: str, model: str, moment: datetime) -> Rates | None:
    """Return the rates of a model at an aware moment; None where the list does not know it.

    `provider` is the canonical id.
    """
    tariff = _tariff(provider, model)
    return None if tariff is None else tariff.at(moment)


def version_of(provider: str) -> str:
    """Return which release of the list the rates of a provider come from."""
    return _LOCAL_VERSION if provider in LOCAL_PROVIDERS else _release()


@cache
def price_list() -> tuple[Price, ...]:
    """Return the list as rows, one per provider, model and period, with tiers at their base."""
    return tuple(
        row
        for provider in _providers().values()
        for model in provider.models
        for row in _rows(provider.id, model)
    )


@cache
def _release() -> str:
    from genai_prices import __version__  # noqa: PLC0415  (large: loaded on first use)

    return f"genai-prices {__version__}"


@cache
def _providers() -> Mapping[str, Provider]:
    from genai_prices.data import providers  # noqa: PLC0415  (large: loaded on first use)

    return MappingProxyType({provider.id: provider for provider in providers})


@lru_cache(maxsize=4096)
def _tariff(provider: str, model: str) -> _Tariff | None:
    if provider in LOCAL_PROVIDERS or _is_free_variant(provider, model):
        return _Tariff(_FREE)
    found = _find(provider, model)
    return None if found is None else _tariff_of(found)


def _is_free_variant(provider: str, model: str) -> bool:
    return provider == "openrouter" and model.strip().lower().endswith(":free")


def _find(provider: str, model: str) -> ModelInfo | None:
    """Return the model; None for a provider that the list has not under this very id.

    The package itself takes any name that contains a vendor's for the vendor.
    """
    seller = _providers().get(provider)
    if seller is None:
        return None
    makers = (_providers()[name] for name in seller.fallback_model_providers or ())
    models = [model for source in (seller, *makers) for model in source.models]
    return next(
        (
            known
            for name in spellings(provider, model)
            for known in models
            if stands_for(name, known)
        ),
        None,
    )


def _tariff_of(model: ModelInfo) -> _Tariff:
    from genai_prices.types import ModelPrice  # noqa: PLC0415  (large: loaded on first use)

    is_free = _is_free(model)
    if isinstance(model.prices, ModelPrice):
        return _Tariff(_rates(model.prices, is_free=is_free))
    periods = [
        (period.constraint, _rates(period.prices, is_free=is_free)) for period in model.prices
    ]
    return _Tariff(periods[0][1], tuple(reversed(periods)))


def _is_free(model: ModelInfo) -> bool:
    """Whether the list says of a model that it is free, should it have no prices."""
    texts = (model.id, model.name, model.description, model.price_comments)
    return any(_SAYS_FREE.search(text) for text in texts if text)


def _rates(price: ModelPrice, *, is_free: bool) -> Rates:
    if is_free and not any(value is not None for value in vars(price).values()):
        return _FREE
    sells_input_only = price.input_mtok is not None and price.output_mtok is None
    return Rates(
        input=_rate(price.input_mtok),
        output=_ZERO if sells_input_only else _rate(price.output_mtok),
        cache_read=_rate(price.cache_read_mtok),
        cache_write=_rate(price.cache_write_mtok),
        cache_write_1h=_rate(price.cache_write_1h_mtok),
        reasoning=_rate(price.output_reasoning_mtok),
        audio_in=_rate(price.input_audio_mtok),
        audio_cache_read=_rate(price.cache_audio_read_mtok),
        audio_out=_rate(price.output_audio_mtok),
        image_in=_rate(price.input_image_mtok),
        image_cache_read=_rate(price.cache_image_read_mtok),
        image_out=_rate(price.output_image_mtok),
        usd_per_thousand_requests=_base(price.requests_kcount) or Decimal(0),
    )


def _rate(price: Decimal | TieredPrices | None) -> Rate | None:
    if price is None:
        return None
    if isinstance(price, Decimal):
        return Rate(price)
    return Rate(price.base, tuple((tier.start, tier.price) for tier in price.tiers))


def _base(price: Decimal | TieredPrices | None) -> Decimal | None:
    return price if price is None or isinstance(price, Decimal) else price.base


def _rows(provider: str, model: ModelInfo) -> Iterator[Price]:
    periods = list(_periods(model))
    for index, (start, price) in enumerate(periods):
        end = periods[index + 1][0] if index + 1 < len(periods) else None
        yield _row(provider, model.id, price, start, end)


def _row(
    provider: str, model: str, price: ModelPrice, start: datetime | None, end: datetime | None
) -> Price:
    return Price(
        provider=provider,
        model=model,
        input_cost_per_mtok=_base(price.input_mtok),
        output_cost_per_mtok=_base(price.output_mtok),
        cache_read_cost_per_mtok=_base(price.cache_read_mtok),
        cache_write_cost_per_mtok=_base(price.cache_write_mtok),
        effective_from=start,
        effective_to=end,
        cache_write_1h_cost_per_mtok=_base(price.cache_write_1h_mtok),
        reasoning_cost_per_mtok=_base(price.output_reasoning_mtok),
        audio_in_cost_per_mtok=_base(price.input_audio_mtok),
        audio_cache_read_cost_per_mtok=_base(price.cache_audio_read_mtok),
        audio_out_cost_per_mtok=_base(price.output_audio_mtok),
        image_in_cost_per_mtok=_base(price.input_image_mtok),
        image_cache_read_cost_per_mtok=_base(price.cache_image_read_mtok),
        image_out_cost_per_mtok=_base(price.output_image_mtok),
        cost_per_thousand_requests=_base(price.requests_kcount) or Decimal(0),
    )


def _periods(model: ModelInfo) -> Iterator[tuple[datetime | None, ModelPrice]]:
    """Yield when each price began to hold, oldest first; prices by time of day are left out."""
    from genai_prices.types import ModelPrice, StartDateConstraint  # noqa: PLC0415  (large: loaded on first use)

    if isinstance(model.prices, ModelPrice):
        yield None, model.prices
        return
    for conditional in model.prices:
        if conditional.constraint is None:
            yield None, conditional.prices
        elif isinstance(conditional.constraint, StartDateConstraint):
            start = conditional.constraint.start_date
            yield datetime.combine(start, time(), UTC), conditional.prices
