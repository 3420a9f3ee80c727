"""From a span to events."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from otel_bridge.event import Event, SpanLink, micros, rfc3339, run_id_of
from otel_bridge.mapping import events_from, link_from, started_event
from otel_bridge.pricing import Price, PriceBook
from otel_bridge.record import EMPTY_RESOURCE, Resource, SpanRecord

CALL = SpanRecord(
    trace_id="a" * 32,
    span_id="b" * 16,
    parent_span_id="c" * 16,
    name="chat gpt-4o-mini",
    start_ns=1_795_376_279_000_000_999,
    end_ns=1_795_376_279_017_600_000,
    attributes={
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o-mini",
        "gen_ai.response.model": "gpt-4o-mini-2024-07-18",
        "gen_ai.response.id": "chatcmpl-1",
        "gen_ai.usage.input_tokens": 1037,
        "gen_ai.usage.output_tokens": 27,
        "gen_ai.input.messages": "[]",
    },
    scope_name="opentelemetry.instrumentation.openai_v2",
    resource=Resource.of({"service.name": "shop"}),
)
AGENT = replace(
    CALL,
    parent_span_id=None,
    name="invoke_agent weather",
    attributes={"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "weather"},
)


def mapped(record: SpanRecord, **options: Any) -> tuple[Event, ...]:
    return events_from(record, prices=PriceBook(), **options)


def with_attributes(**attributes: object) -> SpanRecord:
    named = {key.replace("__", "."): value for key, value in attributes.items()}
    return replace(CALL, attributes={**CALL.attributes, **named})


def test_a_model_call_is_one_event_at_its_end() -> None:
    (event,) = mapped(CALL)
    assert (event.event_type, event.status) == ("llm_call", "success")
    assert event.created_at_us == 1_795_376_279_017_600
    assert event.started_at_us == 1_795_376_279_000_000
    assert event.latency_ms == 18
    assert (event.provider, event.model) == ("openai", "gpt-4o-mini-2024-07-18")
    assert (event.tokens_in, event.tokens_out) == (1037, 27)
    assert event.cost_usd == Decimal("0.00017175")
    assert event.payload["cost_source"] == "price_list"
    assert event.dedupe_key == f"otel:{'a' * 32}:{'b' * 16}:llm_call"
    assert event.response_id == "chatcmpl-1"


def test_an_agent_span_makes_a_start_and_an_end() -> None:
    start, end = mapped(AGENT)
    assert (start.event_type, start.status) == ("run_started", "info")
    assert (end.event_type, end.status) == ("run_finished", "success")
    assert start.created_at_us == end.started_at_us
    assert start.agent == end.agent == "weather"


def test_a_nested_agent_span_is_an_action_until_the_backend_knows_better() -> None:
    start, end = mapped(replace(AGENT, parent_span_id="c" * 16))
    assert (start.event_type, end.event_type) == ("action_started", "action_finished")


def test_the_start_is_the_same_while_the_span_is_open() -> None:
    assert started_event(replace(AGENT, end_ns=None)) == mapped(AGENT)[0]
    assert started_event(CALL) is None


def test_spans_belong_to_the_configured_agent_else_to_the_service() -> None:
    assert mapped(CALL)[0].default_agent == "shop"
    assert mapped(CALL, default_agent="configured")[0].default_agent == "configured"
    assert mapped(replace(CALL, resource=EMPTY_RESOURCE))[0].default_agent is None
    unnamed = Resource.of({"service.name": "unknown_service:python"})
    assert mapped(replace(CALL, resource=unnamed))[0].default_agent is None


def test_a_span_that_no_convention_knows_leaves_only_its_place_in_the_tree() -> None:
    http = replace(CALL, attributes={"http.request.method": "GET"})
    assert mapped(http) == ()
    assert link_from(http) == SpanLink("a" * 32, "b" * 16, "c" * 16)
    assert link_from(replace(http, parent_span_id=None)) is None


def test_content_stays_out_unless_it_is_asked_for() -> None:
    assert "input" not in mapped(CALL)[0].payload
    assert mapped(CALL, capture_content=True)[0].payload["input"] == "[]"


def test_a_failure_carries_its_message() -> None:
    (event,) = mapped(replace(CALL, status_code="error", status_message="no such model"))
    assert (event.status, event.payload["error"]) == ("error", "no such model")


def test_the_tracer_s_cost_is_used_where_no_price_is_known() -> None:
    unknown = with_attributes(gen_ai__response__model="private", operation__cost=0.25)
    unknown = replace(unknown, attributes={**unknown.attributes, "gen_ai.request.model": "private"})
    (event,) = mapped(unknown)
    assert (event.cost_usd, event.payload["cost_source"]) == (Decimal("0.25"), "tracer")


@pytest.mark.parametrize("stated", ["0.5", "0"])
def test_what_the_program_states_goes_before_the_price_list(stated: str) -> None:
    (event,) = mapped(with_attributes(otel_bridge__cost_usd=stated))
    assert (event.cost_usd, event.payload["cost_source"]) == (Decimal(stated), "client")


def test_the_owner_s_price_goes_before_what_the_program_states() -> None:
    own = Price("openai", "gpt-4o-mini-2024-07-18", Decimal(1), Decimal(1))
    record = with_attributes(otel_bridge__cost_usd="0.5")
    (event,) = events_from(record, prices=PriceBook([own]))
    assert (event.cost_usd, event.payload["cost_source"]) == (Decimal("0.001064"), "owner")


def test_the_requested_model_s_price_is_used_where_the_answering_model_has_none() -> None:
    (event,) = mapped(with_attributes(gen_ai__response__model="my-deployment"))
    assert event.model == "my-deployment"
    assert event.cost_usd == Decimal("0.00017175")


def test_unknown_usage_costs_none() -> None:
    attributes = {key: v for key, v in CALL.attributes.items() if "usage" not in key}
    (event,) = mapped(replace(CALL, attributes=attributes))
    assert (event.tokens_in, event.tokens_out, event.cost_usd) == (None, None, None)


def test_names_are_cut_to_what_the_api_takes() -> None:
    long = "n" * 1000
    (event,) = mapped(
        replace(
            with_attributes(gen_ai__response__model=long, gen_ai__provider__name=long), name=long
        )
    )
    assert (event.model, event.name, event.provider) == (long[:255], long[:255], long[:64])


def test_a_name_with_a_nul_is_mended() -> None:
    (event,) = mapped(with_attributes(gen_ai__response__model="gpt\0four"))
    assert event.model == "gpt\ufffdfour"


def test_long_content_is_cut_and_says_so() -> None:
    long = with_attributes(gen_ai__input__messages="é" * 100_000)
    payload = mapped(long, capture_content=True)[0].payload
    assert len(payload["input"].encode()) <= 24 * 1024
    assert payload["truncated"] is True
    assert "truncated" not in mapped(CALL, capture_content=True)[0].payload


def test_a_span_that_ends_before_it_starts_takes_no_time() -> None:
    (event,) = mapped(replace(CALL, end_ns=CALL.start_ns - 5))
    assert event.latency_ms == 0


def test_the_json_form_has_no_nulls_no_floats_and_exact_times() -> None:
    body = json.loads(json.dumps(mapped(CALL)[0].to_dict()))
    assert body["created_at"] == "2026-11-22T19:37:59.017600Z"
    assert body["cost_usd"] == "0.000171750"
    assert None not in body.values()


@pytest.mark.parametrize("time_us", [0, 1, 999_999, 1_795_376_279_017_600])
def test_times_are_exact_to_the_microsecond(time_us: int) -> None:
    written = datetime.fromisoformat(rfc3339(time_us))
    assert written.tzinfo == UTC
    assert micros(written) == time_us


def test_the_run_id_of_a_span_is_the_same_everywhere() -> None:
    assert run_id_of("a" * 32, "b" * 16) == run_id_of("a" * 32, "b" * 16)
    assert run_id_of("a" * 32, "b" * 16) != run_id_of("a" * 32, "c" * 16)
