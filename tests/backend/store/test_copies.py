"""Calls that two tracers tell, in traces of their own: once, whichever came first."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Engine, func, select

from backend import db
from backend.ingest.otlp import BadSpan, parse_protobuf, records_of
from backend.models import TracerRow
from backend.store import EventFilter, EventStore, Group
from backend.store.copies import MAX_TRACERS, Tracers
from backend.store.foresight import Foresight
from backend.store.group import load_group
from backend.store.new_rows import new_row
from backend.store.statements import Statements
from backend.store.transactions import Transactions
from otel_bridge.event import Event, SpanLink
from otel_bridge.mapping import events_from, link_from
from otel_bridge.pricing import PriceBook
from otel_bridge.record import SpanRecord
from tests.backend.store.makers import NOW_US, SECOND_US, agent_trace, llm_call
from tests.databases import SqliteDatabases

CAPTURES = Path(__file__).parents[2] / "captures"

#: Two tracers on one program: what really happened in tokens in, tokens out and calls.
TWO_TRACERS = {
    "langgraph_openinference_plus_openai": (1620, 328, 8),
    "both-openinference-langchain+openai-agents": (8036, 336, 7),
    "openinference-anthropic+native": (15555, 537, 10),
}


def records(name: str) -> list[SpanRecord]:
    found = records_of(parse_protobuf((CAPTURES / f"{name}.pb").read_bytes()))
    return [record for record in found if not isinstance(record, BadSpan)]


def told(record: SpanRecord) -> tuple[Sequence[Event], list[SpanLink]]:
    events = events_from(record, prices=PriceBook())
    link = link_from(record)
    return events, [] if events or link is None else [link]


def total(store: EventStore, owner_id: int) -> Group:
    (group,) = store.measure(owner_id, start_us=0, end_us=4_000_000_000_000_000)
    return group


@pytest.mark.parametrize("name", TWO_TRACERS)
@pytest.mark.parametrize("seed", [None, 1, 2])
def test_a_program_with_two_tracers_is_counted_once(
    store: EventStore, owner_id: int, name: str, seed: int | None
) -> None:
    spans = records(name)
    if seed is not None:
        random.Random(seed).shuffle(spans)
    for span in spans:
        events, links = told(span)
        store.append(owner_id, events, links=links)
    before = total(store, owner_id)
    sums = before.sums
    assert (sums.tokens_in, sums.tokens_out, sums.llm_calls) == TWO_TRACERS[name]
    store.rebuild(owner_id)
    assert total(store, owner_id) == before


def test_the_call_of_another_trace_costs_the_agent_whose_run_it_was(
    store: EventStore, owner_id: int
) -> None:
    ours = {"scope": "framework", "response_id": "chatcmpl-7", "resource": "process"}
    run = [
        llm_call("call", parent_span_id="root", **ours) if event.span_id == "call1" else event
        for event in agent_trace()
    ]
    copy = llm_call("copy", trace_id="c" * 32, tokens_cache_read=60, **(ours | {"scope": "client"}))
    store.append(owner_id, [copy])
    store.append(owner_id, run)
    page = store.events(owner_id, EventFilter(event_type="llm_call"), limit=10)
    counted = {event.span_id: event for event in page.events}
    assert counted["copy"].counted
    assert not counted["call"].counted
    assert counted["copy"].run_id == counted["call"].run_id is not None
    assert counted["copy"].agent_id == counted["call"].agent_id


def test_equal_calls_of_one_tracer_are_never_merged(store: EventStore, owner_id: int) -> None:
    same = {"scope": "client", "resource": "process", "started_at_us": NOW_US - SECOND_US}
    other = llm_call("z", trace_id="f" * 32, scope="framework", resource="elsewhere")
    calls = [llm_call(f"s{n}", trace_id=f"{n:032x}", **same) for n in range(20)]
    for event in [other, *calls]:
        store.append(owner_id, [event])
    assert total(store, owner_id).sums.llm_calls == 21


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (2, 1, 0), (0, 2, 1)])
def test_a_call_without_a_tracer_s_name_is_a_copy_too(
    store: EventStore, owner_id: int, order: tuple[int, ...]
) -> None:
    told = [
        llm_call("a", trace_id="a" * 32, response_id="r"),
        llm_call("b", trace_id="b" * 32, response_id="r", scope="framework"),
        llm_call("c", trace_id="c" * 32, response_id="other", scope="framework"),
    ]
    for index in order:
        store.append(owner_id, [told[index]])
    assert total(store, owner_id).sums.llm_calls == 2


def test_a_late_call_reads_only_what_ran_at_its_time(
    store: EventStore, engine: Engine, owner_id: int
) -> None:
    def told(number: int, scope: str) -> Event:
        at = NOW_US + number * 60 * SECOND_US
        ids = {"trace_id": f"{scope}{number:x}".rjust(32, "0"), "scope": scope, "resource": "p"}
        return llm_call("s", created_at_us=at, started_at_us=at - SECOND_US, **ids)

    calls = [told(number, scope) for number in range(1000) for scope in ("a", "b")]
    for start in range(0, len(calls), 500):
        store.append(owner_id, calls[start : start + 500])
    late = new_row(told(2000, "a"), uuid4().bytes).row
    transactions = Transactions(engine, clock_us=lambda: NOW_US)
    group = transactions.write(
        owner_id, lambda tx: load_group(tx, [late], foresight=Foresight.of([], {}))
    )
    assert list(group.rows) == [late.entry.uid]


def test_calls_with_one_response_id_are_read_once(
    store: EventStore, engine: Engine, owner_id: int
) -> None:
    calls = [
        llm_call(
            "s",
            trace_id=f"{number:032x}",
            scope="ab"[number % 2],
            resource="p",
            response_id="always the same",
            created_at_us=NOW_US + number * SECOND_US,
        )
        for number in range(50)
    ]
    store.append(owner_id, calls)
    rows = [new_row(call, uuid4().bytes).row for call in calls]
    transactions = Transactions(engine, clock_us=lambda: NOW_US)
    tracers = Tracers(frozenset("ab"))
    found = transactions.write(owner_id, lambda tx: list(tracers.rows_like(tx, rows)))
    assert len(found) == 50


@pytest.mark.parametrize("column", ["response", "likeness"])
def test_copies_are_looked_up_by_key_whatever_the_planner_thinks_of_times(
    sqlite_databases: SqliteDatabases, column: str
) -> None:
    with sqlite_databases.migrated() as url:
        engine = db.engine_for(url)
        statements = Statements.of(engine)
        wanted = (
            statements.rows_of_responses if column == "response" else statements.rows_of_likeness
        )
        with engine.connect() as connection:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {wanted}", ("[]", 1)).all()
        engine.dispose()
    assert f"ix_obs_events_{column} " in str(plan)


def test_invented_tracers_are_not_remembered(
    store: EventStore, engine: Engine, owner_id: int
) -> None:
    calls = [
        llm_call(f"s{n}", trace_id=f"{n:032x}", scope=f"scope {n}", resource="p")
        for n in range(500)
    ]
    store.append(owner_id, calls)
    with engine.connect() as connection:
        tracers = connection.scalar(select(func.count()).select_from(TracerRow))
    assert tracers == MAX_TRACERS
