"""What reported tokens mean, emitter by emitter."""

from __future__ import annotations

import json
from typing import Any

import pytest

from otel_bridge.facts import NO_USAGE, MappingWarning, Usage, UsageBasis
from otel_bridge.record import SpanEvent
from tests.otel_bridge.told import facts, usage


def test_input_that_is_smaller_than_its_cached_part_leaves_it_out() -> None:
    told = usage(
        {
            "gen_ai.usage.input_tokens": 50,
            "gen_ai.usage.output_tokens": 20,
            "gen_ai.usage.cache_read.input_tokens": 900,
            "gen_ai.usage.cache_creation.input_tokens": 50,
        }
    )
    assert told == Usage(1000, 20, 900, 50)


def test_input_by_the_specification_includes_cached_tokens() -> None:
    told = usage(
        {
            "gen_ai.provider.name": "anthropic",
            "gen_ai.usage.input_tokens": 1000,
            "gen_ai.usage.output_tokens": 20,
            "gen_ai.usage.cache_read.input_tokens": 900,
            "gen_ai.usage.cache_write.input_tokens": 50,
        }
    )
    assert told == Usage(1000, 20, 900, 50)


def test_an_emitter_that_is_known_to_leave_out_cached_tokens_is_corrected() -> None:
    told = usage(
        {
            "gen_ai.provider.name": "anthropic",
            "gen_ai.usage.input_tokens": 500,
            "gen_ai.usage.output_tokens": 20,
            "gen_ai.usage.cache_read.input_tokens": 100,
        },
        scope="openlit.instrumentation.anthropic",
    )
    assert told == Usage(600, 20, 100)


def test_an_emitter_s_correction_ends_with_the_version_that_mended_it() -> None:
    attributes = {
        "openinference.span.kind": "LLM",
        "llm.provider": "anthropic",
        "llm.token_count.prompt": 500,
        "llm.token_count.completion": 20,
        "llm.token_count.prompt_details.cache_read": 100,
    }
    scope = "openinference.instrumentation.anthropic"
    old = facts(attributes, scope=scope, scope_version="0.1.11")
    new = facts(attributes, scope=scope, scope_version="0.1.14")
    assert old.usage.tokens_in == 600
    assert new.usage.tokens_in == 500


def test_thoughts_that_only_the_total_includes_are_output() -> None:
    told = usage(
        {
            "gen_ai.system": "Google",
            "gen_ai.usage.input_tokens": 100,
            "gen_ai.usage.output_tokens": 50,
            "gen_ai.usage.total_tokens": 350,
        },
        scope="opentelemetry.instrumentation.google_generativeai",
    )
    assert told == Usage(100, 250, tokens_reasoning=200)


def test_the_emitter_s_own_convention_tells_the_tokens() -> None:
    both = {
        "openinference.span.kind": "LLM",
        "llm.token_count.prompt": 1900,
        "llm.token_count.completion": 20,
        "gen_ai.usage.input_tokens": 1000,
        "gen_ai.usage.output_tokens": 20,
    }
    assert usage(both, scope="pydantic-ai").tokens_in == 1000
    assert usage(both, scope="openinference.instrumentation.openai").tokens_in == 1900


@pytest.mark.parametrize("value", [0, "0", float("nan"), "NaN", -5, True, None, "", "many", 2**60])
def test_tokens_that_tell_nothing_are_unknown(value: object) -> None:
    told = usage({"gen_ai.usage.input_tokens": value, "gen_ai.usage.output_tokens": value})
    assert told == NO_USAGE


@pytest.mark.parametrize("value", [12, "12", 12.0, "12.0"])
def test_tokens_may_come_as_text_or_float(value: object) -> None:
    assert usage({"gen_ai.usage.input_tokens": value}).tokens_in == 12


def test_usage_of_an_aggregate_is_never_read() -> None:
    told = facts(
        {
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.aggregated_usage.input_tokens": 300,
            "gen_ai.usage.details.input_tokens": 7,
        }
    )
    assert told.usage == NO_USAGE


def anthropic(scope: str, version: str = "", **tokens: int) -> Usage:
    named = {f"gen_ai.usage.{key.replace('__', '.')}": count for key, count in tokens.items()}
    provider = {"gen_ai.provider.name": "anthropic"}
    return usage(provider | named, scope=scope, scope_version=version)


@pytest.mark.parametrize(
    ("scope", "version", "tokens_in"),
    [
        ("openlit.instrumentation.anthropic", "1.45.0", 600),
        ("agent_framework", "1.23.0", 600),
        ("openinference.instrumentation.agno", "1.0.15", 600),
        ("opentelemetry.instrumentation.bedrock", "0.62.4", 600),
        ("opentelemetry.instrumentation.botocore.bedrock-runtime", "0.66b2", 600),
        ("logfire.anthropic", "4.20.0", 600),
        ("logfire.anthropic", "5.2.0", 500),
        ("opentelemetry.instrumentation.anthropic", "0.62.4", 500),
        ("com.anthropic.sdk.python", "2.12.0", 500),
        ("pydantic-ai", "2.68.0", 500),
        ("some.tracer", "", 500),
    ],
)
def test_whether_input_includes_cached_tokens_depends_on_the_emitter(
    scope: str, version: str, tokens_in: int
) -> None:
    told = anthropic(
        scope, version, input_tokens=500, output_tokens=20, cache_read__input_tokens=100
    )
    assert told == Usage(tokens_in, 20, 100)


def test_an_emitter_that_tells_no_release_is_not_taken_for_an_old_one() -> None:
    scope = "openinference.instrumentation.anthropic"
    told = anthropic(scope, input_tokens=500, output_tokens=20, cache_read__input_tokens=100)
    assert told.tokens_in == 500


def test_the_total_proves_that_input_leaves_out_cached_tokens() -> None:
    told = facts(
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.usage.input_tokens": 500,
            "gen_ai.usage.output_tokens": 20,
            "gen_ai.usage.cache_read_input_tokens": 100,
            "gen_ai.usage.total_tokens": 620,
        }
    )
    assert (told.usage.tokens_in, told.usage_basis) == (600, UsageBasis.TOTAL_CHECKSUM)


def test_a_part_larger_than_its_whole_goes_before_a_total_that_leaves_it_out() -> None:
    told = facts(
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.system": "aws.bedrock",
            "gen_ai.usage.input_tokens": 10,
            "gen_ai.usage.output_tokens": 20,
            "gen_ai.usage.cache_read_input_tokens": 2000,
            "gen_ai.usage.total_tokens": 30,
        }
    )
    assert (told.usage.tokens_in, told.usage_basis) == (2010, UsageBasis.SUBSET_VIOLATION)


@pytest.mark.parametrize(
    ("attributes", "scope", "basis"),
    [
        ({"gen_ai.usage.cache_read.input_tokens": 100}, "", UsageBasis.SPEC),
        ({"gen_ai.usage.cache_read_input_tokens": 100}, "", UsageBasis.ASSUMED),
        ({"gen_ai.usage.cache_read_input_tokens": 100}, "pydantic-ai", UsageBasis.EMITTER_TABLE),
    ],
)
def test_how_the_meaning_was_settled_is_told(
    attributes: dict[str, Any], scope: str, basis: UsageBasis
) -> None:
    call = {"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": 500}
    assert facts(call | attributes, scope=scope).usage_basis is basis


def test_the_cache_has_a_new_name_for_writing() -> None:
    told = usage({"gen_ai.usage.input_tokens": 100, "gen_ai.usage.cache_write.input_tokens": 40})
    assert told.tokens_cache_write == 40


def test_parts_with_a_price_of_their_own_are_told() -> None:
    told = usage(
        {
            "gen_ai.usage.input_tokens": 100,
            "gen_ai.usage.output_tokens": 50,
            "gen_ai.usage.audio.input_tokens": 40,
            "gen_ai.usage.audio.cache_read.input_tokens": 30,
            "gen_ai.usage.audio.output_tokens": 20,
            "gen_ai.usage.image.input_tokens": 10,
        }
    )
    assert (told.tokens_audio_in, told.tokens_audio_cache_read) == (40, 30)
    assert (told.tokens_audio_out, told.tokens_image_in) == (20, 10)


def test_sentry_s_keys_are_extensions_of_others() -> None:
    told = usage(
        {
            "gen_ai.usage.input_tokens": 100,
            "gen_ai.usage.input_tokens.cached": 60,
            "gen_ai.usage.input_tokens.cache_write": 20,
            "gen_ai.usage.output_tokens": 30,
            "gen_ai.usage.output_tokens.reasoning": 10,
        }
    )
    assert told == Usage(100, 30, 60, 20, 10)


def test_thoughts_that_stand_beside_the_output_are_added() -> None:
    told = usage(
        {
            "gen_ai.system": "gemini",
            "gen_ai.usage.input_tokens": 500,
            "gen_ai.usage.output_tokens": 20,
            "gen_ai.usage.reasoning.output_tokens": 80,
            "gen_ai.usage.total_tokens": 600,
        }
    )
    assert told == Usage(500, 100, tokens_reasoning=80)


@pytest.mark.parametrize(
    ("model", "tokens_out"), [("openai/o3-mini", 200), ("gemini-2.5-flash", 250)]
)
def test_reasoning_that_the_adk_added_twice_is_taken_out(model: str, tokens_out: int) -> None:
    told = usage(
        {
            "gen_ai.request.model": model,
            "gen_ai.usage.input_tokens": 100,
            "gen_ai.usage.output_tokens": 250,
            "gen_ai.usage.reasoning.output_tokens": 50,
        },
        scope="gcp.vertex.agent",
        scope_version="2.13.0",
    )
    assert (told.tokens_out, told.tokens_reasoning) == (tokens_out, 50)


@pytest.mark.parametrize(("is_streaming", "tokens_out"), [(True, 62), (False, 63), (None, 63)])
def test_the_provisional_count_of_a_stream_is_taken_out(
    is_streaming: bool | None, tokens_out: int
) -> None:
    told = usage(
        {
            "gen_ai.provider.name": "anthropic",
            "gen_ai.is_streaming": is_streaming,
            "gen_ai.usage.input_tokens": 1222,
            "gen_ai.usage.output_tokens": 63,
        },
        scope="opentelemetry.instrumentation.anthropic",
        scope_version="0.62.4",
    )
    assert told.tokens_out == tokens_out


def test_tokens_may_stand_on_a_span_event() -> None:
    event = SpanEvent("gen_ai.choice", 1, {"gen_ai.usage.input_tokens": 7})
    last = SpanEvent("gen_ai.choice", 2, {"gen_ai.usage.input_tokens": 9})
    assert usage({}, events=(event, last)).tokens_in == 9


def test_an_embedding_has_no_output_to_count() -> None:
    told = facts(
        {
            "gen_ai.operation.name": "embeddings",
            "gen_ai.usage.input_tokens": 276,
            "gen_ai.usage.output_tokens": 0,
        }
    )
    assert told.usage == Usage(276, None)


def test_reasoning_larger_than_the_output_stands_beside_it_and_is_doubted() -> None:
    told = facts(
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.usage.output_tokens": 5,
            "gen_ai.usage.reasoning_tokens": 9,
        }
    )
    assert told.usage.tokens_out == 14
    assert told.usage_basis is UsageBasis.SUBSET_VIOLATION
    assert MappingWarning.USAGE_INCONSISTENT in told.warnings


def test_usage_in_the_last_of_a_stream_s_chunks_is_read() -> None:
    chunk = {"id": "chatcmpl-1", "model": "gpt-4o-mini-2024-07-18", "usage": None}
    spent = {
        "prompt_tokens": 592,
        "completion_tokens": 128,
        "prompt_tokens_details": {"cached_tokens": 192},
    }
    chunks = [json.dumps(chunk), json.dumps(chunk | {"usage": spent, "choices": []})]
    model = {"openinference.span.kind": "LLM", "llm.model_name": "gpt-4o-mini"}
    told = facts(model | {"output.value": json.dumps(chunks)})
    assert told.usage == Usage(592, 128, 192)
    cut = facts(model | {"output.value": json.dumps(chunks)[:-2]})
    assert not cut.usage.is_known


def test_an_answer_that_came_as_bytes_is_read_as_its_text() -> None:
    answer = (
        b'{"generations":[[{"message":{"kwargs":{"response_metadata":{"id":"chatcmpl-7",'
        b'"token_usage":{"prompt_tokens":1115,"completion_tokens":51,'
        b'"prompt_tokens_details":{"cached_tokens":333}}}}}}]]}'
    )
    told = facts(
        {
            "langsmith.span.kind": "llm",
            "gen_ai.request.model": "gpt-4o-mini",
            "gen_ai.usage.input_tokens": 1115,
            "gen_ai.usage.output_tokens": 51,
            "gen_ai.completion": answer,
        },
        scope="langsmith",
    )
    assert (told.usage, told.response_id) == (Usage(1115, 51, 333), "chatcmpl-7")
