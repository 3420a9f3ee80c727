"""From log records of command-line agents to events."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_bridge.conventions.logs import claude_code, codex, gemini_cli
from otel_bridge.event import Event
from otel_bridge.log_mapping import events_from_log
from otel_bridge.log_record import LogRecord
from otel_bridge.pricing import PriceBook
from otel_bridge.record import Resource
from tests.otel_bridge.command_lines import (
    CODEX_SPANS,
    NOW_NS,
    claude_log,
    claude_request,
    claude_tool,
    codex_log,
    codex_response,
    codex_tool,
    gemini_details,
    gemini_log,
    gemini_response,
    gemini_tool,
)

NOW_US = NOW_NS // 1000


class _NoPrices(PriceBook):
    def quote(self, *_: object, **__: object) -> None:
        """Return no quote: the tracer's cost is seen."""


def mapped(record: LogRecord, **options: Any) -> tuple[Event, ...]:
    return events_from_log(record, prices=_NoPrices(), **options)


def event_of(record: LogRecord, **options: Any) -> Event:
    (event,) = mapped(record, **options)
    return event


def test_a_request_of_claude_code_is_a_call_that_ended_when_it_was_logged() -> None:
    event = event_of(claude_request())
    assert (event.event_type, event.status, event.operation) == ("llm_call", "success", "chat")
    assert (event.created_at_us, event.started_at_us) == (NOW_US, NOW_US - 1_500_000)
    assert event.latency_ms == 1500
    assert (event.provider, event.model) == ("anthropic", "claude-sonnet-4-5-20250929")
    assert (event.default_agent, event.name) == ("claude-code", "claude_code.api_request")
    assert (event.payload["session"], event.payload["user"]) == ("s-1", "u-1")


def test_its_input_includes_what_was_cached_and_for_how_long() -> None:
    event = event_of(claude_request())
    assert (event.tokens_in, event.tokens_out) == (1310, 20)
    assert (event.tokens_cache_read, event.tokens_cache_write) == (1000, 300)
    assert event.payload["usage"] == {"cache_write_1h": 200}


def test_its_cost_is_the_tracer_s_and_its_request_id_joins_it_with_the_span() -> None:
    event = event_of(claude_request())
    assert (event.cost_usd, event.payload["cost_source"]) == (Decimal("0.002205"), "tracer")
    assert event.response_id == "req_011"


def test_where_only_millionths_are_told_they_are_the_cost() -> None:
    event = event_of(claude_request(cost_usd=None, cost_usd_micros=2205))
    assert event.cost_usd == Decimal("0.002205")


def test_numbers_of_claude_code_may_all_be_texts() -> None:
    texts = {
        "input_tokens": "10",
        "output_tokens": "20",
        "cache_read_tokens": "1000",
        "cache_creation_tokens": "300",
        "cache_creation_1h_tokens": "200",
        "cost_usd": "0.002205",
        "duration_ms": "1500",
    }
    told, plain = event_of(claude_request(**texts)), event_of(claude_request())
    assert replace(told, dedupe_key=None) == replace(plain, dedupe_key=None)


def test_a_larger_context_is_no_part_of_the_model_s_name() -> None:
    assert event_of(claude_request(model="claude-opus-4-8[1m]")).model == "claude-opus-4-8"


def test_a_model_on_bedrock_is_sold_by_aws() -> None:
    model = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
    assert event_of(claude_request(model=model)).provider == "aws"


@pytest.mark.parametrize(
    "names",
    [
        ("api_request",),
        ("claude_code.api_request",),
        ("something else", "claude_code.api_request"),
    ],
)
def test_the_event_s_name_may_stand_in_any_of_its_places(names: tuple[str, ...]) -> None:
    assert len(mapped(replace(claude_request(), names=names))) == 1


def test_a_bare_name_means_nothing_in_another_scope() -> None:
    record = replace(claude_request(), names=("api_request",), scope_name="my.service")
    assert mapped(record) == ()


def test_an_error_of_the_api_is_a_call_that_failed() -> None:
    told = {"model": "claude-opus-4-5", "error": "Overloaded", "status_code": "529"}
    event = event_of(claude_log("api_error", duration_ms=800, attempt=3, **told))
    assert (event.event_type, event.status, event.latency_ms) == ("llm_call", "error", 800)
    assert (event.payload["error"], event.payload["error_type"]) == ("Overloaded", "529")
    assert (event.tokens_in, event.cost_usd) == (None, None)


@pytest.mark.parametrize(("success", "status"), [("true", "success"), ("false", "error")])
def test_a_tool_of_claude_code_says_in_a_text_how_it_ended(success: str, status: str) -> None:
    event = event_of(claude_tool(success=success, error="exit code 1"))
    assert (event.event_type, event.status, event.latency_ms) == ("tool_call", status, 57)
    assert (event.payload["tool"], event.payload["tool_call_id"]) == ("Bash", "toolu_01")
    assert event.payload.get("error") == ("exit code 1" if status == "error" else None)


def test_an_answer_of_codex_is_a_call_with_its_counts_in_texts() -> None:
    event = event_of(codex_response())
    assert (event.event_type, event.provider, event.model) == ("llm_call", "openai", "gpt-5-codex")
    assert (event.tokens_in, event.tokens_cache_read) == (1200, 1000)
    assert (event.tokens_out, event.tokens_reasoning) == (90, 64)
    assert (event.payload["session"], event.default_agent) == ("c-1", "codex_cli_rs")


def test_how_long_an_answer_of_codex_took_is_not_known() -> None:
    event = event_of(codex_response())
    assert (event.created_at_us, event.started_at_us, event.latency_ms) == (NOW_US, None, None)


def test_a_log_of_codex_is_of_the_same_process_as_its_spans() -> None:
    assert event_of(codex_response()).resource == CODEX_SPANS.key


@pytest.mark.parametrize(
    "record",
    [
        codex_log("sse_event", **{"event.kind": "response.output_item.done", "duration_ms": "3"}),
        codex_log("sse_event", **{"event.kind": "response.created"}),
        codex_log(
            "sse_event",
            **{"event.kind": "response.output_item.done", "error.message": "failed to parse"},
        ),
        codex_log("api_request", **{"http.response.status_code": 200, "duration_ms": "320"}),
        codex_log("api_request", **{"http.response.status_code": 404, "endpoint": "/models"}),
        codex_log("conversation_starts", provider_name="OpenAI"),
        codex_log("tool_decision", tool_name="shell", call_id="call_1", decision="approved"),
        codex_log("tool_result", success="true"),
        claude_log("user_prompt", prompt_length="12"),
        claude_log("tool_decision", tool_name="Bash", tool_use_id="toolu_01"),
        claude_log("api_retries_exhausted", error="Overloaded"),
        claude_log("assistant_response", request_id="req_011"),
        gemini_log("gemini_cli.api_request", model="gemini-2.5-pro"),
        gemini_log("gemini_cli.agent.start", agent_id="a-1", agent_name="investigator"),
        gemini_log("gemini_cli.agent.finish", agent_id="a-1", agent_name="investigator"),
        gemini_details(),
        LogRecord(("",), NOW_NS, {}),
        LogRecord((), NOW_NS, {"event.name": 5}),
    ],
    ids=lambda record: str(record.names[:1]),
)
def test_what_tells_of_no_call_and_no_tool_makes_no_event(record: LogRecord) -> None:
    assert mapped(record) == ()


@pytest.mark.parametrize(
    ("record", "error"),
    [
        (codex_log("api_request", **{"http.response.status_code": 429}), "429"),
        (
            codex_log(
                "api_request",
                **{"http.response.status_code": "500", "error.message": "oops"},
                endpoint="/responses",
            ),
            "oops",
        ),
        (codex_log("api_request", **{"error.message": "connection refused"}), "connection refused"),
        (
            codex_log(
                "sse_event", **{"event.kind": "response.failed", "error.message": "server_error"}
            ),
            "server_error",
        ),
        (codex_log("sse_event", **{"error.message": "idle timeout"}), "idle timeout"),
    ],
)
def test_a_request_or_a_stream_of_codex_that_failed_is_a_call(
    record: LogRecord, error: str
) -> None:
    event = event_of(record)
    assert (event.event_type, event.status) == ("llm_call", "error")
    assert (event.payload["error"], event.model) == (error, "gpt-5-codex")
    assert event.tokens_in is None


def test_a_tool_of_codex_tells_its_content_only_where_it_is_captured() -> None:
    event, full = event_of(codex_tool()), event_of(codex_tool(), capture_content=True)
    assert (event.payload["tool"], event.latency_ms) == ("shell", 120)
    assert "input" not in event.payload
    assert full.payload["input"] == '{"command":["ls"]}'
    assert full.payload["output"] == "README.md"


def test_an_answer_of_gemini_cli_includes_the_thoughts() -> None:
    event = event_of(gemini_response())
    assert (event.provider, event.model) == ("google", "gemini-2.5-pro")
    assert (event.tokens_in, event.tokens_out, event.tokens_reasoning) == (500, 100, 80)
    assert (event.latency_ms, event.payload["finish_reason"]) == (2000, "stop")


def test_its_input_includes_what_tools_put_into_the_prompt() -> None:
    assert event_of(gemini_response(tool_token_count=70)).tokens_in == 570


def test_an_answer_that_tells_only_zeros_tells_nothing() -> None:
    zeros = dict.fromkeys(
        ("input_token_count", "output_token_count", "thoughts_token_count", "total_token_count"), 0
    )
    event = event_of(gemini_response(**zeros))
    assert (event.tokens_in, event.tokens_out) == (None, None)
    assert event.payload["warnings"] == ["missing_usage"]


@pytest.mark.parametrize(
    "record",
    [
        claude_request(input_tokens="many"),
        codex_response(cached_token_count=-1),
        gemini_response(input_token_count=500.5),
    ],
    ids=["claude-code", "codex", "gemini-cli"],
)
def test_a_count_that_cannot_be_read_is_doubted(record: LogRecord) -> None:
    assert "unreadable_value" in event_of(record).payload["warnings"]


def test_an_error_of_gemini_cli_is_a_call_that_failed() -> None:
    told = {"error": "quota", "error.message": "quota", "error.type": "ApiError"}
    event = event_of(
        gemini_log("gemini_cli.api_error", model="gemini-2.5-pro", duration_ms=90, **told)
    )
    assert (event.event_type, event.status, event.latency_ms) == ("llm_call", "error", 90)
    assert (event.payload["error"], event.payload["error_type"]) == ("quota", "ApiError")


def test_a_tool_of_gemini_cli_says_how_it_ended() -> None:
    good = event_of(gemini_tool())
    bad = event_of(gemini_tool(success=False, error="no such file"))
    assert (good.status, good.payload["tool"], good.latency_ms) == ("success", "read_file", 30)
    assert (bad.status, bad.payload["error"]) == ("error", "no such file")


def test_an_event_stands_below_the_span_in_which_it_was_logged_and_is_none_itself() -> None:
    event = event_of(claude_request(trace_id="a" * 32, span_id="b" * 16))
    assert (event.trace_id, event.span_id, event.parent_span_id) == ("a" * 32, None, "b" * 16)


def test_the_scope_of_a_log_is_never_that_of_a_span() -> None:
    assert event_of(gemini_response()).scope == "logs/gemini-cli"


def test_a_record_that_is_sent_again_is_the_same_event() -> None:
    assert event_of(claude_request()).dedupe_key == event_of(claude_request()).dedupe_key


@pytest.mark.parametrize(
    "other",
    [
        claude_request(at_ns=NOW_NS + 1),
        claude_request(output_tokens=21),
        replace(claude_request(), resource=Resource.of({"service.name": "another"})),
        replace(claude_request(), scope_name="com.anthropic.claude_code"),
        replace(claude_request(), trace_id="a" * 32),
    ],
)
def test_a_record_that_differs_in_anything_is_another_event(other: LogRecord) -> None:
    key = event_of(claude_request()).dedupe_key
    assert event_of(other).dedupe_key != key
    assert key is not None
    assert key.startswith("otel-log:")


_ODD = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.binary()


@given(data=st.data())
def test_no_values_whatever_make_the_mapping_stumble(data: st.DataObject) -> None:
    whole = data.draw(
        st.sampled_from([claude_request, codex_response, gemini_response, claude_tool])
    )()
    changes = data.draw(st.dictionaries(st.sampled_from(sorted(whole.attributes)), _ODD))
    for event in mapped(replace(whole, attributes={**whole.attributes, **changes})):
        assert event.started_at_us is None or 0 <= event.started_at_us <= event.created_at_us
        assert event.tokens_in is None or event.tokens_in >= 0


@pytest.mark.parametrize("module", [claude_code, codex, gemini_cli])
def test_every_convention_has_its_source_and_oddities_in_its_docstring(module: ModuleType) -> None:
    assert "Source: " in str(module.__doc__)
    assert "Oddities: " in str(module.__doc__)
