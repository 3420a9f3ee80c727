from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_bridge.event import MAX_PAYLOAD_BYTES, Event, compact_json
from otel_bridge.span_processor.batch import Batch, batches_of, encoded_event


def _event(payload: Any) -> Event:
    return Event(event_type="metric", created_at_us=0, payload=payload)


def test_a_batch_is_the_body_that_the_api_takes():
    batch = Batch((b'{"a":1}', b'{"a":2}'), (b'{"l":1}',))
    assert json.loads(batch.body()) == {"events": [{"a": 1}, {"a": 2}], "links": [{"l": 1}]}
    assert json.loads(Batch((b"{}",)).body()) == {"events": [{}]}


def test_halves_hold_the_same_in_the_same_order():
    first, second = Batch((b"1", b"2", b"3"), (b"4",)).halves()
    assert first.events + second.events == (b"1", b"2", b"3")
    assert (first.links, second.links) == ((b"4",), ())


@given(events=st.integers(0, 40), links=st.integers(0, 3), max_events=st.integers(1, 7))
def test_batches_hold_everything_once_in_order_and_within_the_limit(
    events: int, links: int, max_events: int
):
    encoded = [str(number).encode() for number in range(events)]
    links_too = [str(number).encode() for number in range(links)]
    batches = list(batches_of(encoded, links_too, max_events=max_events))
    assert [event for batch in batches for event in batch.events] == encoded
    assert [link for batch in batches for link in batch.links] == links_too
    assert all(len(batch.events) <= max_events for batch in batches)


def test_a_batch_stays_small_enough_for_servers_and_proxies():
    events = [b"x" * 60_000] * 200
    batches = list(batches_of(events, [], max_events=1000))
    assert len(batches) == 3
    assert sum(len(batch.events) for batch in batches) == 200


def test_more_links_than_one_request_takes_are_told_in_several():
    batches = list(batches_of([], [b"{}"] * 12_000, max_events=10))
    assert [len(batch.links) for batch in batches] == [5000, 5000, 2000]


def test_a_small_payload_is_left_alone():
    body = json.loads(encoded_event(_event({"text": "x" * 60_000})))
    assert body["payload"] == {"text": "x" * 60_000}


def test_a_payload_over_the_limit_is_cut_and_says_so():
    payload = {"tool": "search", "input": "x" * 100_000, "n": 1.5}
    body = json.loads(encoded_event(_event(payload)))["payload"]
    assert body["truncated"] is True
    assert body["tool"] == "search"
    assert body["n"] == 1.5
    assert body["input"].endswith("…")
    assert 1000 < len(body["input"]) < 100_000


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=20,
)


@given(
    st.dictionaries(st.text(max_size=9), _JSON, max_size=8),
    st.sampled_from(["x", "ü", "\x00", '"', "😀"]),
    st.integers(1, 100),
)
def test_every_payload_is_made_to_fit_and_is_real_json(
    payload: dict[str, Any], letter: str, pieces: int
):
    payload["large"] = [letter * 2000 for _ in range(pieces)]
    data = encoded_event(_event(payload))
    body = json.loads(data, parse_constant=pytest.fail)
    assert len(compact_json(body["payload"])) <= MAX_PAYLOAD_BYTES


def test_even_a_payload_of_many_keys_is_made_to_fit():
    payload = {f"{number}" * 50: "\x00" * 100 for number in range(5000)}
    body = json.loads(encoded_event(_event(payload)))["payload"]
    assert body["truncated"] is True
    assert len(compact_json(body)) <= MAX_PAYLOAD_BYTES


def test_what_json_cannot_say_is_refused_before_it_is_sent():
    circle: dict[str, Any] = {}
    circle["self"] = circle
    with pytest.raises((ValueError, RecursionError)):
        encoded_event(_event(circle))
