"""Captures through the whole server side: decoding, mapping, accounting, store and its answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from backend import db
from backend.ingest.otlp import records_of
from backend.ingest.service import TimeWindow, store_spans
from backend.store import EventStore
from otel_bridge.pricing import PriceBook
from tests.databases import PostgresqlDatabases, SqliteDatabases, new_owner
from tests.truth.arrivals import Arrival, Lanes, Request, as_sent
from tests.truth.captures import Capture
from tests.truth.scores import Told, told_by

#: Captures keep their times; none is too old or lies in the future.
_ANY_TIME = TimeWindow(0, 2**62)


class Replay:
    """Stores captures, each in a workspace of its own, and reads the totals."""

    def __init__(self, databases: SqliteDatabases | PostgresqlDatabases) -> None:
        self._databases = databases

    def told(self, capture: Capture, arrival: Arrival = as_sent) -> Told:
        """Return the totals after the capture has arrived."""
        with self._databases.migrated() as url, store_of(url) as (store, owner_id):
            deliver(url, owner_id, arrival(capture.request))
            return told_by(store, owner_id)


@contextmanager
def store_of(url: str) -> Iterator[tuple[EventStore, int]]:
    """Yield a store on a database and a new owner in it."""
    engine = db.engine_for(url)
    try:
        yield EventStore(engine), new_owner(engine)
    finally:
        engine.dispose()


def deliver(url: str, owner_id: int, lanes: Lanes) -> None:
    """Store what each server gets, every server with a store of its own and all at once."""
    with ThreadPoolExecutor(len(lanes)) as servers:
        for done in [servers.submit(_serve, url, owner_id, lane) for lane in lanes]:
            done.result()


def _serve(url: str, owner_id: int, requests: Sequence[Request]) -> None:
    engine = db.engine_for(url)
    try:
        send(EventStore(engine), owner_id, requests)
    finally:
        engine.dispose()


def send(store: EventStore, owner_id: int, requests: Iterable[Request]) -> None:
    """Store requests one after the other."""
    book = PriceBook()
    for request in requests:
        receipt = store_spans(
            store, owner_id, spans=records_of(request), book=book, window=_ANY_TIME
        )
        if receipt.rejected:
            raise AssertionError(f"spans were rejected: {receipt.rejected}")
