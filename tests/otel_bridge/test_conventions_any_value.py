"""No attribute value, whatever its type, keeps a span from being mapped."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from otel_bridge.conventions import CONVENTIONS, DIALECTS
from otel_bridge.conventions.plan import READ_KEYS
from otel_bridge.event import compact_json
from otel_bridge.mapping import events_from, started_event
from otel_bridge.pricing import PriceBook
from otel_bridge.record import SpanEvent
from tests.otel_bridge.told import span

PRICES = PriceBook()
WRITERS = (*CONVENTIONS, *DIALECTS)
SCOPES = sorted({scope for one in WRITERS for scope in one.scopes} | {"", "app"})
HEADS = sorted({head for one in CONVENTIONS for head in one.name_heads})
KINDS = sorted({kind for one in CONVENTIONS for kind in one.kinds})
NAMES = ("", "x", "a.run", "agent_run [x]", "execute_tool ", "codex.sse_event", "Agent.run", "\0")
TEXTS = (
    "{",
    "[",
    '"',
    "[[1]]",
    '{"usage": 1}',
    '{"usage": {"input_tokens": "x", "output_tokens": [1]}}',
    '{"usage": {"input_tokens": 1, "cache_read_input_tokens": 1e400}}',
    '{"parts": [{"content": 1}], "meta": [], "replies": [1, {"meta": 2}]}',
    '{"response_metadata": {"id": 5}}',
    '{"ls_integration": ["langgraph"], "lc_agent_name": 4}',
    "{'a': 1, 'prompt_tokens': -1}",
    "usage=Usage(prompt_tokens=1",
    "9" * 400,
    "-1",
    "1e309",
    "NaN",
)

scalars: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.binary(max_size=8),
    st.sampled_from(TEXTS),
    st.sampled_from(KINDS),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
attributes = st.dictionaries(st.sampled_from(sorted(READ_KEYS)), values, max_size=14)
records = st.builds(
    lambda told, name, scope, version, status, event: span(
        told,
        name=name,
        scope=scope,
        scope_version=version,
        status_code=status,
        events=(SpanEvent("exception", 1, event),),
    ),
    attributes,
    st.one_of(st.sampled_from(NAMES), st.sampled_from(HEADS).map("{}.x".format)),
    st.sampled_from(SCOPES),
    st.sampled_from(["", "1", "0.1.11", "v2", "9" * 30, "2.0"]),
    st.sampled_from(["unset", "ok", "error"]),
    attributes,
)


@settings(max_examples=400, deadline=None)
@given(record=records)
def test_a_span_with_any_values_is_mapped_and_mapped_alike(record: Any) -> None:
    first = events_from(record, prices=PRICES, capture_content=True)
    assert first == events_from(record, prices=PRICES, capture_content=True)
    for event in first:
        json.loads(compact_json(event.to_dict()))
        counts = (event.tokens_in, event.tokens_out, event.tokens_cache_read)
        assert all(count is None or 0 <= count <= 2**55 for count in counts)
    assert (started_event(record) is None) == (len(first) < 2)


@settings(max_examples=200, deadline=None)
@given(key=st.sampled_from(sorted(READ_KEYS)), value=values, scope=st.sampled_from(SCOPES))
def test_one_odd_value_takes_nothing_from_a_good_call(key: str, value: Any, scope: str) -> None:
    call = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o", key: value}
    events_from(span(call, scope=scope), prices=PRICES)
