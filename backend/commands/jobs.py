"""The scheduled jobs, by hand or from any cron."""

from __future__ import annotations

import click

from backend.commands.database import ready_engine
from backend.metrics.aggregation import aggregate_daily
from backend.retention import policy_of
from backend.settings import read_settings
from backend.store import EventStore


@click.command()
def aggregate() -> None:
    """Write the daily metrics of today, yesterday and every day that late events touched."""
    with ready_engine(read_settings()) as engine:
        written = aggregate_daily(EventStore(engine))
    click.echo(f"aggregated: {written.today} rows of today, {written.yesterday} of yesterday")


@click.command()
def retention() -> None:
    """Delete events, and much later their sums, that are older than each owner keeps.

    It goes beside a running server, in short steps, and may be interrupted.
    """
    settings = read_settings()
    with ready_engine(settings) as engine:
        removed = EventStore(engine).retain(policy_of(settings))
    click.echo(
        f"deleted: {removed.events:,} events, {removed.runs:,} runs, {removed.rollups:,} sums;"
        f" {removed.pages:,} pages given back"
    )
