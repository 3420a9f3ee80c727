"""An explanation is what ingestion stores: on every capture, span by span and in total."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from backend.explain import Explanation, explain
from backend.explain.nouns import SpanNode
from backend.ingest.otlp import records_of
from otel_bridge.pricing import PriceBook
from tests.databases import SqliteDatabases
from tests.truth.arrivals import Request, backwards, joined
from tests.truth.captures import FOLDER, Capture, captures_in
from tests.truth.replay import send, store_of
from tests.truth.scores import events_of, told_by

NAMES = [capture.name for capture in captures_in(FOLDER)]

every_capture = pytest.mark.parametrize("name", NAMES)


def explained(*requests: Request) -> Explanation:
    return explain(records_of(joined(requests)), PriceBook())


def nodes_of(explanation: Explanation) -> Iterator[SpanNode]:
    for tree in explanation.traces:
        for root in tree.roots:
            yield from root.all()


def node_named(name: str, explanation: Explanation) -> SpanNode:
    return next(node for node in nodes_of(explanation) if node.span.name == name)


@every_capture
def test_totals_are_those_that_the_store_answers(
    name: str, sqlite_databases: SqliteDatabases
) -> None:
    request = Capture.named(name).request
    found = explained(request).totals
    with sqlite_databases.migrated() as url, store_of(url) as (store, owner_id):
        send(store, owner_id, [request])
        told = told_by(store, owner_id)
    for field in found.tokens.__slots__:
        assert getattr(found.tokens, field) == getattr(told, field)
    assert found.cost_usd == told.cost_usd
    assert (found.calls, found.calls_failed) == (told.calls, told.calls_failed)
    assert found.calls_unpriced == told.unpriced
    assert (found.tools, found.tools_failed) == told.tools
    runs = {
        agent: (counts.success + counts.error + counts.running, counts.error)
        for agent, counts in found.runs.items()
    }
    assert runs == told.runs


@every_capture
def test_each_span_is_decided_as_its_stored_event(
    name: str, sqlite_databases: SqliteDatabases
) -> None:
    request = Capture.named(name).request
    nodes = {node.span.span_id: node for node in nodes_of(explained(request))}
    with sqlite_databases.migrated() as url, store_of(url) as (store, owner_id):
        send(store, owner_id, [request])
        stored = events_of(store, owner_id)
    assert {event.span_id for event in stored} == {key for key in nodes if nodes[key].became}
    for event in stored:
        became = nodes[event.span_id or ""].became
        assert became is not None
        assert event.event_type in became.event_types
        assert (event.agent, event.run_id) == (became.agent, became.run_id)
        if event.event_type == became.event_types[-1]:
            decided = (event.status, event.counted, event.set_aside_reason, event.cost_usd)
            assert decided == (
                *(became.status, became.counted, became.set_aside_reason),
                became.cost.usd,
            )


@every_capture
def test_the_order_of_the_spans_changes_no_word(name: str) -> None:
    request = Capture.named(name).request
    assert explained(backwards(request)) == explained(request)


@every_capture
def test_what_does_not_count_names_what_counts_instead(name: str) -> None:
    nodes = {node.span.span_id: node for node in nodes_of(explained(Capture.named(name).request))}
    for node in nodes.values():
        if node.became is None or node.became.counted:
            continue
        assert node.became.kept, node.span
        for kept in node.became.kept:
            other = nodes[kept.span_id].became
            assert other is not None
            assert other.counted


def test_spans_that_come_again_change_nothing_but_their_count() -> None:
    request = Capture.named("openinference-openai").request
    once, twice = explained(request), explained(request, request)
    assert twice.traces == once.traces
    assert (once.totals.spans_repeated, twice.totals.spans_repeated) == (0, 26)


def test_a_call_that_another_tracer_tells_in_another_trace_names_the_one_that_counts() -> None:
    found = explained(Capture.named("both-openinference-langchain+openai-agents").request)
    became = node_named("ChatCompletion", found).became
    assert became is not None
    assert became.set_aside_reason == "same_response"
    assert [kept.name for kept in became.kept] == ["ChatOpenAI"]


def test_a_span_without_an_event_says_why() -> None:
    found = explained(Capture.named("openlit-openai").request)
    assert node_named("POST", found).silence == "no convention knows it"
