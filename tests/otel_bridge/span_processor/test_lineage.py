from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_bridge.event import SpanLink
from otel_bridge.span_processor.lineage import Lineage

T = "t" * 32

# agent <- http <- db <- call, and a spare branch that nothing with events stands below
HTTP = SpanLink(T, "http", "agent")
DB = SpanLink(T, "db", "http")
SPARE = SpanLink(T, "spare", "agent")


def _told(lineage: Lineage, span: str) -> list[SpanLink]:
    if span == "call":
        return lineage.with_events(T, "call", "db")
    if span == "agent":
        return lineage.with_events(T, "agent", None)
    return lineage.without_events({"http": HTTP, "db": DB, "spare": SPARE}[span])


@pytest.mark.parametrize("order", list(permutations(["agent", "http", "db", "call", "spare"])))
def test_the_links_above_a_call_are_told_once_whichever_span_ended_first(order: tuple[str, ...]):
    lineage = Lineage()
    told = [link for span in order for link in _told(lineage, span)]
    assert sorted(told, key=lambda link: link.span_id) == [DB, HTTP]


def test_spans_that_nothing_needs_are_never_told():
    lineage = Lineage()
    assert lineage.without_events(HTTP) == []
    assert lineage.without_events(SPARE) == []


def test_equal_span_ids_of_different_traces_are_different_spans():
    lineage = Lineage()
    lineage.without_events(SpanLink("other", "db", "http"))
    assert lineage.with_events(T, "call", "db") == []


def test_a_span_that_claims_to_be_its_own_parent_ends_the_walk():
    lineage = Lineage()
    loop = SpanLink(T, "db", "db")
    lineage.without_events(loop)
    assert lineage.with_events(T, "call", "db") == [loop]


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 50), st.integers(0, 50)), max_size=200))
def test_memory_stays_bounded_whatever_happens(steps: list[tuple[bool, int, int]]):
    lineage = Lineage(capacity=10)
    for has_events, span, parent in steps:
        if has_events:
            lineage.with_events(T, str(span), str(parent))
        else:
            lineage.without_events(SpanLink(T, str(span), str(parent)))
        assert len(lineage._spare) <= 10
        assert len(lineage._wanted) <= 10
