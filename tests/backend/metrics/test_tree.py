"""A run's events as a tree."""

from __future__ import annotations

from typing import Any

import msgspec

from backend.metrics.tree import MAX_DEPTH, tree_of
from backend.store import StoredEvent

TRACE = "a" * 32


def event(name: str, span: str | None, parent: str | None = None, **fields: Any) -> StoredEvent:
    values: dict[str, Any] = dict.fromkeys(StoredEvent.__slots__)
    values |= {
        "uid": bytes(16),
        "event_type": "llm_call",
        "name": name,
        "payload": "{}",
        "created_us": 0,
        "received_us": 0,
        "trace_id": None if span is None else TRACE,
        "span_id": span,
        "parent_span_id": parent,
    }
    return StoredEvent(**(values | fields))


def shape(nodes: list[dict[str, Any]]) -> list[Any]:
    return [(node["name"], shape(node["children"])) for node in nodes]


def test_children_hang_from_the_first_event_of_their_parents_span():
    events = [
        event("run started", "r"),
        event("call", "c", "r"),
        event("tool", "t", "c"),
        event("run finished", "r"),
    ]
    assert shape(tree_of(events, {})) == [
        ("run started", [("call", [("tool", [])])]),
        ("run finished", []),
    ]


def test_spans_without_events_are_walked_through():
    events = [event("run", "r"), event("call", "c", "http")]
    links = {(TRACE, "http"): (TRACE, "db"), (TRACE, "db"): (TRACE, "r")}
    assert shape(tree_of(events, links)) == [("run", [("call", [])])]


def test_events_without_a_known_parent_stand_on_top():
    events = [event("by hand", None), event("orphan", "o", "gone")]
    assert shape(tree_of(events, {})) == [("by hand", []), ("orphan", [])]


def test_broken_data_that_runs_in_circles_loses_no_event():
    events = [event("self", "s", "s"), event("a", "a", "b"), event("b", "b", "a")]
    links = {(TRACE, "x"): (TRACE, "y"), (TRACE, "y"): (TRACE, "x")}
    looping = [*events, event("c", "c", "x")]
    assert shape(tree_of(looping, links)) == [("self", []), ("a", []), ("b", []), ("c", [])]


def test_a_very_deep_line_is_cut_so_that_it_can_be_written():
    count = 3000
    events = [event(str(i), str(i), str(i - 1)) for i in range(count)]
    tree = tree_of(events, {})
    assert msgspec.json.encode(tree).count(b'"children"') == count
    depth, level = 0, tree
    while level:
        depth, level = depth + 1, level[0]["children"]
    assert depth <= MAX_DEPTH + 1
