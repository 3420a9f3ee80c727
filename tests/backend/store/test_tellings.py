"""One call that several tracers tell, nested, side by side and elsewhere at once."""

from __future__ import annotations

from itertools import permutations

import pytest

from backend.store.accounting import Entry, Told
from otel_bridge.facts import Operation
from tests.backend.store.entries import decided, entry

ELSEWHERE = {"trace_id": "b" * 32, "resource": "elsewhere"}
TOLD_BY_A_GATEWAY = {"scope": "gateway", "response_id": "r", **ELSEWHERE}
PRICED = {"sent_cost_nusd": 5, "sent_cost_source": "tracer"}


def call(span_id: str, **fields: object) -> Entry:
    """Return a call of a thousand tokens in one process."""
    told = {"tokens_in": 1000, "tokens_out": 20, "scope": span_id, "resource": "process"} | fields
    return entry(span_id, Operation.CHAT, started_us=0, **told)  # type: ignore[arg-type]  # Entry's own fields


ONE_CALL = {
    "the wrapper is kept, what it wraps knows the response": [
        call("outer", tokens_cache_read=40),
        call("inner", parent="outer", response_id="r"),
        call("copy", **TOLD_BY_A_GATEWAY),
    ],
    "the wrapper knows the response, what it wraps is kept": [
        call("outer", response_id="r"),
        call("inner", parent="outer", tokens_cache_read=40),
        call("copy", **TOLD_BY_A_GATEWAY),
    ],
    "one knows the response, one only the time, and a third is kept": [
        call("framework"),
        call("client", response_id="r"),
        call("copy", tokens_cache_read=40, **PRICED, **TOLD_BY_A_GATEWAY),
    ],
    "three stand in each other": [
        call("outer", tokens_cache_read=40, **PRICED),
        call("middle", parent="outer"),
        call("inner", parent="middle"),
    ],
    "the inner one does not know its input": [
        call("outer", tokens_cache_read=40),
        call("inner", parent="outer", tokens_in=None),
    ],
    "one tells no input, and writes 0": [
        call("one", response_id="r", tokens_cache_read=40),
        call("two", response_id="r", tokens_in=0),
    ],
}


@pytest.mark.parametrize("name", ONE_CALL)
def test_it_counts_once_with_all_that_is_told(name: str) -> None:
    events = ONE_CALL[name]
    for order in permutations(events):
        decisions = decided(order)
        (kept,) = (one for one in events if decisions[one.span_id or ""].counted)
        told = decisions[kept.span_id or ""].told or Told.by(kept)
        assert (told.tokens_in, told.tokens_out) == (1000, 20)
        assert told.tokens_cache_read == 40


def test_calls_of_one_tracer_stay_apart_whoever_else_tells_them() -> None:
    calls = [
        call(f"{scope}{number}", scope=scope, parent=parent and f"{parent}{number}")
        for number in range(10)
        for scope, parent in (("outer", None), ("inner", "outer"), ("beside", None))
    ]
    assert sum(decision.counted for decision in decided(calls).values()) == 10
