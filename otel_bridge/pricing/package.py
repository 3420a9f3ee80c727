"""The price list of the genai-prices package: dated, tiered, aware of cached tokens.

Source: genai-prices, which the pydantic team keeps from the vendors' price pages.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time
from decimal import Decimal
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from otel_bridge.pricing.price import Price
from otel_bridge.pricing.rates import Rate, Rates

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, ModelPrice, TieredPrices

#: Providers whose model ids keep their slash; elsewhere a prefix only names the vendor.
_SLASHED = frozenset(
    {
        "baseten",
        "cloudflare",
        "deepinfra",
        "doubleword",
        "fireworks",
        "groq",
        "novita",
        "openrouter",
        "together",
    }
)
#: Software that runs on the user's own machine: a call costs nothing.
_LOCAL = frozenset({"ollama", "vllm"})
_FREE = Rates(input=Rate(Decimal(0)), output=Rate(Decimal(0)))


@lru_cache(maxsize=4096)
def rates_of(provider: str | None, model: str, day: datetime) -> Rates | None:
    """Return the rates of a model at a moment; None where the list does not know it.

    `day` is best cut to the hour, so that calls of one hour share the look-up.
    """
    if provider in _LOCAL:
        return _FREE
    found = _find(provider, model)
    return None if found is None else _rates(found.get_prices(day))


def version() -> str:
    """Return which release of the list the rates come from."""
    from genai_prices import __version__  # noqa: PLC0415  (large: loaded on first use)

    return f"genai-prices {__version__}"


@cache
def price_list() -> tuple[Price, ...]:
    """Return the list as rows, one per provider, model and period, with tiers at their base."""
    from genai_prices.data import providers  # noqa: PLC0415  (large: loaded on first use)

    return tuple(
        row
        for provider in providers
        for model in provider.models
        for row in _rows(provider.id, model)
    )


@lru_cache(maxsize=4096)
def _find(provider: str | None, model: str) -> ModelInfo | None:
    from genai_prices.data_snapshot import get_snapshot  # noqa: PLC0415  (large: loaded on first use)

    for name in _spellings(provider, model):
        try:
            return get_snapshot().find_provider_model(name, None, provider, None)[1]
        except LookupError:
            continue
    return None


def _spellings(provider: str | None, model: str) -> Iterator[str]:
    """Yield the model's name as written, then without the prefixes that only say where it runs."""
    yield model
    if provider is None or (provider not in _SLASHED and not provider.startswith("huggingface")):
        bare = model.rsplit("/", 1)[-1]
        if bare != model:
            yield bare


def _rates(price: ModelPrice) -> Rates:
    return Rates(
        input=_rate(price.input_mtok),
        output=_rate(price.output_mtok),
        cache_read=_rate(price.cache_read_mtok),
        cache_write=_rate(price.cache_write_mtok),
        reasoning=_rate(price.output_reasoning_mtok),
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
        yield Price(
            provider=provider,
            model=model.id,
            input_cost_per_mtok=_base(price.input_mtok),
            output_cost_per_mtok=_base(price.output_mtok),
            cache_read_cost_per_mtok=_base(price.cache_read_mtok),
            cache_write_cost_per_mtok=_base(price.cache_write_mtok),
            effective_from=start,
            effective_to=end,
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
