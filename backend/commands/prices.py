"""`otel-bridge price`: the prices of one's own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any

import click

from backend.commands.accounts import chosen_user, user_option
from backend.commands.database import ready_engine
from backend.commands.days import from_option
from backend.commands.ids import ID
from backend.commands.tables import Cell, table
from backend.pricing.owner_prices import (
    OwnPrice,
    PriceError,
    prices_of,
    remove_price,
    set_price,
)
from backend.settings import read_settings
from backend.store import day_window
from backend.store.zones import zone_named
from otel_bridge.pricing import Price, is_known_provider

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

#: Option -> field of `Price`, and what it is the price of.
_RATES = (
    ("--input", "input_cost_per_mtok", "USD per million tokens of the prompt."),
    ("--output", "output_cost_per_mtok", "USD per million tokens of the answer."),
    ("--cache-read", "cache_read_cost_per_mtok", "Of the prompt, read from the cache."),
    ("--cache-write", "cache_write_cost_per_mtok", "Of the prompt, kept for five minutes."),
    ("--cache-write-1h", "cache_write_1h_cost_per_mtok", "Of the prompt, kept for an hour."),
    ("--reasoning", "reasoning_cost_per_mtok", "Of the answer, for reasoning."),
    ("--audio-in", "audio_in_cost_per_mtok", "Of the prompt, as audio."),
    ("--audio-cache-read", "audio_cache_read_cost_per_mtok", "The same, from the cache."),
    ("--audio-out", "audio_out_cost_per_mtok", "Of the answer, as audio."),
    ("--image-in", "image_in_cost_per_mtok", "Of the prompt, as images."),
    ("--image-cache-read", "image_cache_read_cost_per_mtok", "The same, from the cache."),
    ("--image-out", "image_out_cost_per_mtok", "Of the answer, as images."),
    ("--per-thousand-requests", "cost_per_thousand_requests", "USD for a thousand calls besides."),
)
_NEEDED = ("--input", "--output")


class _Usd(click.ParamType[Decimal]):
    """An amount of money, exact."""

    name = "usd"

    def convert(
        self,
        value: str | Decimal,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Decimal:
        """Return the amount."""
        try:
            return Decimal(value)
        except InvalidOperation:
            self.fail(f"{value!r} is not an amount such as 2.50", param, ctx)


def _rate_options(command: Callable[..., None]) -> Callable[..., None]:
    for option, field, does in reversed(_RATES):
        command = click.option(
            option,
            field,
            type=_Usd(),
            required=option in _NEEDED,
            envvar=f"OTEL_BRIDGE_PRICE_SET_{option[2:].upper().replace('-', '_')}",
            show_envvar=True,
            help=does,
        )(command)
    return command


@click.group("price")
def price_group() -> None:
    """Set, list and remove prices of your own, which go before the price list."""


@price_group.command("set")
@user_option
@click.option("--provider", required=True, show_envvar=True, help="Who sends the bill.")
@click.option("--model", required=True, show_envvar=True, help="The model's name.")
@from_option("OTEL_BRIDGE_PRICE_SET", "First day; always by default.")
@_rate_options
def set_own_price(
    user: str | None, provider: str, model: str, first: date | None, **rates: Decimal | None
) -> None:
    """Set what a model costs from a day on; a part without a price costs what its whole does.

    A price that begins on the same day is corrected. Stored calls keep what they cost until they
    are recalculated.
    """
    told: dict[str, Any] = {name: rate for name, rate in rates.items() if rate is not None}
    with ready_engine(read_settings()) as engine:
        owner = chosen_user(engine, user)
        start = None if first is None else _midnight(first, zone_named(owner.timezone))
        price = Price(provider=provider, model=model, effective_from=start, **told)
        try:
            kept = set_price(engine, owner.id, price=price)
        except PriceError as error:
            raise click.ClickException(str(error)) from error
    click.echo(f"price {kept.id} of {kept.price.provider} {kept.price.model} is set")
    if not is_known_provider(kept.price.provider):
        click.echo(f"{kept.price.provider} is not in the price list: is it spelled so?", err=True)
    click.echo("`recalculate` prices the calls that are stored already", err=True)


@price_group.command("list")
@user_option
def list_own_prices(user: str | None) -> None:
    """List the prices of one's own, in USD per million tokens."""
    with ready_engine(read_settings()) as engine:
        owner = chosen_user(engine, user)
        found = prices_of(engine, owner.id)
    zone = zone_named(owner.timezone)
    header = ("id", "provider", "model", "from", "until", "input", "output", "parts")
    click.echo(table(header, [_row_of(own, zone) for own in found]))


@price_group.command("remove")
@click.argument("price_id", metavar="ID", type=ID)
@user_option
def remove_own_price(price_id: int, user: str | None) -> None:
    """Remove the price ID; stored calls keep what they cost until they are recalculated."""
    with ready_engine(read_settings()) as engine:
        owner = chosen_user(engine, user)
        if not remove_price(engine, owner.id, price_id=price_id):
            raise click.ClickException(f"there is no price {price_id}: see `price list`")
    click.echo(f"price {price_id} is removed")


def _row_of(own: OwnPrice, zone: tzinfo) -> tuple[Cell, ...]:
    price = own.price
    parts = [
        f"{option.removeprefix('--')} {amount:f}"
        for option, field, _ in _RATES
        if option not in _NEEDED
        and (amount := getattr(price, field)) is not None
        and (amount or field != "cost_per_thousand_requests")
    ]
    return (
        own.id,
        price.provider,
        price.model,
        _day(price.effective_from, zone),
        _day(price.effective_to, zone),
        price.input_cost_per_mtok,
        price.output_cost_per_mtok,
        ", ".join(parts),
    )


def _day(moment: datetime | None, zone: tzinfo) -> str | None:
    return None if moment is None else moment.astimezone(zone).date().isoformat()


def _midnight(day: date, zone: tzinfo) -> datetime:
    return _EPOCH + timedelta(microseconds=day_window(day, zone).start_us or 0)
