"""Warnings are stored, counted and found, and follow when an event changes."""

from __future__ import annotations

from typing import Any

from backend.store import EventFilter, EventStore, WarningCount
from otel_bridge.pricing import PriceBook
from tests.backend.store.makers import NOW_US, llm_call

DAY_US = 86_400_000_000


def counts(store: EventStore, owner_id: int) -> dict[str, int]:
    found = store.warnings(owner_id, start_us=NOW_US - DAY_US, end_us=NOW_US + DAY_US)
    return {count.code: count.events for count in found}


def odd(span: str, *codes: str, **fields: Any) -> Any:
    return llm_call(span, payload={"warnings": list(codes)}, scope="tracer", **fields)


def test_warnings_are_counted_by_tracer_and_model(store: EventStore, owner_id: int) -> None:
    store.append(
        owner_id, [odd("1", "missing_usage"), odd("2", "missing_usage", "unknown_provider")]
    )
    found = store.warnings(owner_id, start_us=NOW_US - DAY_US, end_us=NOW_US + DAY_US)
    assert found == [
        WarningCount("missing_usage", "tracer", "openai", "gpt-4o-mini", 2),
        WarningCount("unknown_provider", "tracer", "openai", "gpt-4o-mini", 1),
    ]
    page = store.events(owner_id, EventFilter(warning="unknown_provider"), limit=5)
    assert ([event.span_id for event in page.events], page.total) == (["2"], 1)


def test_what_was_set_aside_is_counted_by_its_reason_and_no_more_when_it_counts(
    store: EventStore, owner_id: int
) -> None:
    total = llm_call("outer", scope="a")
    store.append(owner_id, [total])
    assert counts(store, owner_id) == {}
    store.append(owner_id, [llm_call("inner", parent_span_id="outer", scope="b")])
    assert counts(store, owner_id) == {"same_call_below": 1}
    page = store.events(owner_id, EventFilter(warning="same_call_below"), limit=5)
    assert ([event.span_id for event in page.events], page.total) == (["outer"], 1)
    before = store.warnings(owner_id, start_us=NOW_US - DAY_US, end_us=NOW_US + DAY_US)
    store.rebuild(owner_id)
    after = store.warnings(owner_id, start_us=NOW_US - DAY_US, end_us=NOW_US + DAY_US)
    assert before == after


def test_a_cost_far_from_the_list_s_is_a_warning_of_the_server(
    store: EventStore, owner_id: int
) -> None:
    event = llm_call("1", cost_usd=None, payload={"tracer_cost_usd": "0.5"})
    store.append(owner_id, [event], book=PriceBook())
    assert counts(store, owner_id) == {"cost_differs": 1}
