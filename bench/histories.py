"""Databases with a month of history, of any size, written through the real store."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice

import psycopg

from backend import db
from backend.store import EventStore
from backend.synthetic import History, profiles
from bench.load import cpu_seconds
from bench.questions import Asked
from bench.report import Report, number
from bench.sites import Site
from otel_bridge.event import Event
from tests.databases import new_owner

_DAY_US = 24 * 3_600_000_000
_DAYS = 30
_AGENTS = 20
BATCH = 1000
_TELL_EVERY_S = 30.0


@contextmanager
def history(report: Report, site: Site, events: int) -> Iterator[Asked]:
    """Yield a database with about so many events of twenty agents over thirty days until now."""
    with site.databases.migrated() as url:
        engine = db.engine_for(url)
        try:
            asked = Asked(engine, EventStore(engine), new_owner(engine), time.time_ns() // 1000)
            _write(report, site, asked, events)
            if site.postgresql is not None:
                _vacuum(url)
            yield asked
        finally:
            engine.dispose()


def fresh_batches(asked: Asked, count: int) -> list[list[Event]]:
    """Return batches of new events of the same agents, of the last twelve hours."""
    start_us = asked.now_us - _DAY_US // 2
    more = History(start_us, asked.now_us, 2, profiles(_AGENTS)).scaled_to(count * BATCH * 2)
    return [batch[:BATCH] for batch in islice(more.batches(BATCH), count)]


def _write(report: Report, site: Site, asked: Asked, events: int) -> None:
    wanted = History(asked.now_us - _DAYS * _DAY_US, asked.now_us, 1, profiles(_AGENTS))
    written, started_s, cpu_started_s = 0, time.monotonic(), cpu_seconds(*site.own_pids)
    next_s = started_s + _TELL_EVERY_S
    for batch in wanted.scaled_to(events).batches(BATCH):
        asked.store.append(asked.owner_id, batch)
        written += len(batch)
        if time.monotonic() > next_s:
            next_s += _TELL_EVERY_S
            rate = written / (time.monotonic() - started_s)
            report.say(f"  … {number(written)} events, {number(rate)} per s")
    seconds = time.monotonic() - started_s
    cpu_s = cpu_seconds(*site.own_pids) - cpu_started_s
    report.say(
        f"  {site.name}: {number(written)} events made and stored in {seconds:.0f} s:"
        f" {number(written / seconds)} per s, {number(written / cpu_s)} per CPU-s"
    )


def _vacuum(url: str) -> None:
    """Do at once what autovacuum would do within minutes."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE)")
