"""`otel-bridge generate-events`: a synthetic history, to try dashboards, alerts and sizes."""

from __future__ import annotations

import secrets
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import click

from backend.commands.accounts import chosen_user, user_option
from backend.commands.database import ready_engine
from backend.commands.progress import Progress
from backend.metrics.aggregation import aggregate_daily
from backend.settings import read_settings
from backend.store import EventStore, Stored
from backend.synthetic import History, profiles

_HOUR_US = 3_600_000_000
#: Measured from 500 to 10,000: more would not be faster on either database, and hold more memory.
_BATCH = 1000
_INTERRUPTED = 130


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
    "--agents",
    type=click.IntRange(1),
    default=6,
    show_default=True,
    show_envvar=True,
    help="How many agents.",
)
@click.option(
    "--seed", type=int, show_envvar=True, help="Equal seeds give equal histories of one window."
)
def generate_events(
    hours: float, events: int | None, agents: int, user: str | None, seed: int | None
) -> None:
    """Write a history that ends now: daily rhythm, errors in bursts, agents that fell silent.

    Ctrl-C stops it after the batch in hand: what is written is counted like any other event.
    """
    settings = read_settings()
    with ready_engine(settings) as engine:
        owner_id = chosen_user(engine, user).id
        store = EventStore(engine, max_agents_per_owner=settings.max_agents_per_owner)
        history = _history(hours, agents, secrets.randbits(32) if seed is None else seed)
        progress = Progress("writing history", sys.stderr)
        with _interrupts() as interrupted:
            stored = _write(
                store,
                owner_id,
                history=history if events is None else history.scaled_to(events),
                progress=progress,
                interrupted=interrupted,
            )
        told = f"{stored:,} events in {progress.seconds:.0f} s"
        if interrupted.is_set():
            click.echo(f"stopped: {told} are written; `otel-bridge aggregate` writes their days")
            sys.exit(_INTERRUPTED)
        rate = stored / progress.seconds
        aggregate_daily(store)
    click.echo(f"{told} ({rate:,.0f} per s), aggregated")


def _history(hours: float, agents: int, seed: int) -> History:
    end_us = time.time_ns() // 1000
    return History(end_us - round(hours * _HOUR_US), end_us, seed, profiles(agents))


@contextmanager
def _interrupts() -> Iterator[threading.Event]:
    """Yield an event that the first Ctrl-C sets; a second one ends the process as usual."""
    interrupted = threading.Event()

    def on_interrupt(*_: object) -> None:
        interrupted.set()
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, on_interrupt)
    try:
        yield interrupted
    finally:
        signal.signal(signal.SIGINT, before)


def _write(
    store: EventStore,
    owner_id: int,
    *,
    history: History,
    progress: Progress,
    interrupted: threading.Event,
) -> int:
    """Store the history until its end or an interrupt; return how many events were stored."""
    stored, length_us = 0, history.end_us - history.start_us
    for batch in history.batches(_BATCH):
        outcomes = store.append(owner_id, batch)
        stored += sum(isinstance(outcome, Stored) for outcome in outcomes)
        progress.show((batch[-1].created_at_us - history.start_us) / length_us, stored)
        if interrupted.is_set():
            break
    progress.close()
    return stored
