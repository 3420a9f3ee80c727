"""`otel-bridge unpriced`: the calls whose cost nobody knows."""

from __future__ import annotations

from datetime import date

import click

from backend.commands.accounts import chosen_user, user_option
from backend.commands.database import ready_engine
from backend.commands.days import from_option, span_us, to_option
from backend.commands.tables import Cell, table
from backend.settings import read_settings
from backend.store import EventStore
from backend.store.zones import zone_named


@click.command()
@user_option
@from_option("OTEL_BRIDGE_UNPRICED", "First day, in the owner's zone.")
@to_option("OTEL_BRIDGE_UNPRICED")
def unpriced(user: str | None, first: date | None, last: date | None) -> None:
    """List the models that have calls without a price, and the tokens of these calls."""
    with ready_engine(read_settings()) as engine:
        owner = chosen_user(engine, user)
        start_us, end_us = span_us(first, last, zone=zone_named(owner.timezone))
        found = EventStore(engine).unpriced(owner.id, start_us=start_us, end_us=end_us)
    if not found:
        click.echo("every call has a price")
        return
    total: tuple[Cell, ...] = (
        *("total", ""),
        *(sum(numbers) for numbers in zip(*(one[2:] for one in found), strict=True)),
    )
    click.echo(table(("provider", "model", "calls", "tokens in", "tokens out"), [*found, total]))
    click.echo("`price set` gives a model a price, then `recalculate` its calls", err=True)
