"""`otel-bridge generate-events`: a synthetic history, to try dashboards, alerts and sizes."""

from __future__ import annotations

import secrets
import sys
import time

import click

from backend.commands.accounts import chosen_user, user_option
from backend.commands.database import ready_engine
from backend.metrics.aggregation import aggregate_daily
from backend.settings import read_settings
from backend.store import EventStore, Stored
from backend.synthetic import History

_HOUR_US = 3_600_000_000
_BATCH = 2000


@click.command(name="generate-events")
@user_option
@click.option(
    "--hours",
    type=click.FloatRange(0, 24 * 3660, min_open=True),
    default=24.0,
    show_default=True,
    show_envvar=True,
    help="How long a history.",
)
@click.option(
    "--events",
    type=click.IntRange(1),
    show_envvar=True,
    help="About how many; as the agents run by default.",
)
@click.option(
    "--seed", type=int, show_envvar=True, help="Equal seeds give equal histories of one window."
)
def generate_events(hours: float, events: int | None, user: str | None, seed: int | None) -> None:
    """Write a history of six agents that ends now: daily rhythm, errors in bursts, a silent one."""
    settings = read_settings()
    with ready_engine(settings) as engine:
        owner_id = chosen_user(engine, user).id
        store = EventStore(engine, max_agents_per_owner=settings.max_agents_per_owner)
        end_us = time.time_ns() // 1000
        history = History(
            end_us - round(hours * _HOUR_US),
            end_us,
            secrets.randbits(32) if seed is None else seed,
        )
        started = time.monotonic()
        stored = _write(store, owner_id, history if events is None else history.scaled_to(events))
        seconds = time.monotonic() - started
        aggregate_daily(store)
    click.echo(f"{stored:,} events in {seconds:.0f} s ({stored / seconds:,.0f} per s), aggregated")


def _write(store: EventStore, owner_id: int, history: History) -> int:
    """Store the history; the bar shows how much of its time is written."""
    stored, at_us = 0, history.start_us
    with click.progressbar(
        length=history.end_us - history.start_us,
        label="writing history",
        file=sys.stderr,
    ) as bar:
        for batch in history.batches(_BATCH):
            outcomes = store.append(owner_id, batch)
            stored += sum(isinstance(outcome, Stored) for outcome in outcomes)
            bar.update(max(0, batch[-1].created_at_us - at_us))
            at_us = max(at_us, batch[-1].created_at_us)
    return stored
