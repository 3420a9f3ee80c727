"""Accounting is a function of the set of spans: how they arrive decides nothing, on both databases.

Every example stores the spans of real captures in a workspace of its own and compares every row
that follows from them. The order is drawn anew for each capture, so that few examples see much.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from sqlalchemy import Engine

from backend import db
from backend.ingest.otlp import BadSpan, records_of
from backend.store import EventStore
from otel_bridge.mapping import events_from, link_from
from otel_bridge.pricing import PriceBook
from tests.backend.store.makers import snapshot
from tests.conftest import DATABASES
from tests.databases import PostgresqlDatabases, SqliteDatabases, new_owner
from tests.truth.arrivals import Request, joined, one_by_one, spaced
from tests.truth.captures import FOLDER, captures_in
from tests.truth.replay import send
from tests.truth.scores import Told, told_by

CAPTURES = {capture.name: capture for capture in captures_in(FOLDER)}
#: Captures that are stored together, about three hundred spans each.
WORKSPACES = [list(CAPTURES)[start::4] for start in range(4)]

seeds = st.integers(0, 2**32 - 1)
every_capture = pytest.mark.parametrize("name", CAPTURES)
every_workspace = pytest.mark.parametrize("names", WORKSPACES, ids="abcd")


def examples(count: int) -> settings:
    return settings(max_examples=count, deadline=None)


@pytest.fixture(scope="module", params=DATABASES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """One database of each kind: every example has a workspace of its own in it."""
    databases: SqliteDatabases | PostgresqlDatabases = request.getfixturevalue(
        f"{request.param}_databases"
    )
    with databases.migrated() as url:
        engine = db.engine_for(url)
        yield engine
        engine.dispose()


def spans_of(*names: str) -> list[Request]:
    """Return a request for each span of these captures."""
    return [alone for name in names for alone in one_by_one(CAPTURES[name].request)]


def span_in(alone: Request) -> Span:
    """Return the one span of a request."""
    return alone.resource_spans[0].scope_spans[0].spans[0]


def arrived(spans: Iterable[Request], seed: int) -> list[Request]:
    """Return the spans in a random order, in requests of one to twelve."""
    chance = random.Random(seed)
    order = list(spans)
    chance.shuffle(order)
    requests = []
    while order:
        size = chance.randint(1, 12)
        requests.append(joined(order[:size]))
        order = order[size:]
    return requests


def rows_after(
    engine: Engine, requests: Iterable[Request], *, without: Sequence[str] = ()
) -> dict[str, Any]:
    """Return every row that follows from the requests, in a workspace of their own."""
    store, owner_id = EventStore(engine), new_owner(engine, f"{uuid4().hex}@example.com")
    send(store, owner_id, requests)
    store.aggregate_recent(owner_id)
    return snapshot(engine, owner_id, without=["user_id", *without])


@every_capture
@examples(1)
@given(seed=seeds)
def test_order_and_batches_change_nothing(engine: Engine, name: str, seed: int) -> None:
    assert rows_after(engine, arrived(spans_of(name), seed)) == rows_after(
        engine, [CAPTURES[name].request]
    )


@every_capture
@examples(1)
@given(seed=seeds)
def test_repeats_change_nothing(engine: Engine, name: str, seed: int) -> None:
    spans = spans_of(name)
    again = random.Random(seed).sample(spans, k=len(spans) // 2)
    assert rows_after(engine, arrived([*spans, *again], seed)) == rows_after(
        engine, [CAPTURES[name].request]
    )


@every_workspace
@examples(1)
@given(seed=seeds)
def test_captures_that_arrive_mixed_up_change_nothing(
    engine: Engine, names: list[str], seed: int
) -> None:
    assert rows_after(engine, arrived(spans_of(*names), seed)) == rows_after(
        engine, [CAPTURES[name].request for name in names]
    )


@every_capture
@examples(1)
@given(seed=seeds)
def test_ordinary_spans_in_between_change_nothing(engine: Engine, name: str, seed: int) -> None:
    between = one_by_one(spaced(CAPTURES[name].request))
    found = rows_after(engine, arrived(between, seed), without=["parent_span_id"])
    expected = rows_after(engine, [CAPTURES[name].request], without=["parent_span_id"])
    assert {**found, "obs_span_links": []} == {**expected, "obs_span_links": []}


@every_capture
@examples(1)
@given(seed=seeds)
def test_parents_that_never_arrive_leave_the_order_without_effect(
    engine: Engine, name: str, seed: int
) -> None:
    spans = spans_of(name)
    parents = {span_in(alone).parent_span_id for alone in spans}
    chance = random.Random(seed)
    left = [s for s in spans if span_in(s).span_id not in parents or chance.random() < 0.6]
    assert rows_after(engine, arrived(left, seed)) == rows_after(engine, [joined(left)])


@every_capture
@examples(1)
@given(seed=seeds)
def test_a_processor_and_an_exporter_of_the_same_spans_change_no_total(
    engine: Engine, name: str, seed: int
) -> None:
    """The processor has priced its events, which leaves other rows and must not change a sum."""
    store, owner_id = EventStore(engine), new_owner(engine, f"{uuid4().hex}@example.com")
    chance = random.Random(seed)
    for request in arrived([*spans_of(name), *spans_of(name)], seed):
        chance.choice([by_processor, by_exporter])(store, owner_id, request)
    assert told_by(store, owner_id) == told_of_whole(engine, name)


def by_exporter(store: EventStore, owner_id: int, request: Request) -> None:
    """Store a request as `/v1/traces` does."""
    send(store, owner_id, [request])


def by_processor(store: EventStore, owner_id: int, request: Request) -> None:
    """Store the events that the span processor would have posted, with its prices."""
    book = PriceBook()
    records = [record for record in records_of(request) if not isinstance(record, BadSpan)]
    events = [event for record in records for event in events_from(record, prices=book)]
    links = [link for record in records if (link := link_from(record)) is not None]
    store.append(owner_id, events, links=links, book=book)


def told_of_whole(engine: Engine, name: str) -> Told:
    """Return the totals of a capture that arrived as it was exported."""
    store, owner_id = EventStore(engine), new_owner(engine, f"{uuid4().hex}@example.com")
    by_exporter(store, owner_id, CAPTURES[name].request)
    return told_by(store, owner_id)
