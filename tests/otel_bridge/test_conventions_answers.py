"""What stands only inside a provider's answer: usage, response ids, models."""

from __future__ import annotations

from typing import Any

import pytest

from otel_bridge.facts import NO_USAGE, Usage, UsageBasis
from tests.otel_bridge.told import facts


def test_openinference_tells_the_response_id_only_inside_its_output() -> None:
    told = facts(
        {
            "openinference.span.kind": "LLM",
            "input.value": '{"id": "chatcmpl-of-an-earlier-call"}',
            "output.value": '{"id":"chatcmpl-2","choices":[]}',
        }
    )
    assert told.response_id == "chatcmpl-2"


def llm(output: Any, **tokens: int) -> dict[str, Any]:
    counts = {f"llm.token_count.{name}": count for name, count in tokens.items()}
    return {
        "openinference.span.kind": "LLM",
        "llm.model_name": "m",
        "output.value": output,
    } | counts


ANTHROPIC_ANSWER = (
    '{"id":"msg_1","content":[{"type":"text","text":"the \\"usage\\": {}"}],"model":"claude",'
    '"usage":{"cache_creation":{"ephemeral_1h_input_tokens":300,"ephemeral_5m_input_tokens":8},'
    '"cache_creation_input_tokens":308,"cache_read_input_tokens":2024,"input_tokens":1296,'
    '"output_tokens":76}}'
)
OPENAI_REPR = (
    '{"content": null, "raw": "ChatCompletion(id=\'chatcmpl-7\', choices=[], usage=CompletionUsage('
    "completion_tokens=23, prompt_tokens=119, total_tokens=142, completion_tokens_details="
    "CompletionTokensDetails(audio_tokens=0, reasoning_tokens=8), prompt_tokens_details="
    'PromptTokensDetails(audio_tokens=0, cached_tokens=32)))"}'
)


LANGCHAIN_RESULT = (
    '{"generations": [[{"message": {"lc": 1, "id": ["langchain", "AIMessage"], "kwargs": '
    '{"response_metadata": {"id": "chatcmpl-2"}, "id": "lc_run--01a2"}}}]]}'
)
LANGCHAIN_STATE = (
    '{"messages": [{"response_metadata": {"id": "msg_1"}}, '
    '{"response_metadata": {"id": "msg_2"}, "id": "run--7"}]}'
)


def test_anthropic_s_answer_tells_the_cached_tokens_that_no_key_does() -> None:
    told = facts(llm(ANTHROPIC_ANSWER, prompt=1296, completion=76))
    assert told.usage == Usage(3628, 76, 2024, 308, tokens_cache_write_1h=300)
    assert told.usage_basis is UsageBasis.SPEC
    assert told.response_id == "msg_1"


def test_an_answer_that_tells_another_call_is_not_used() -> None:
    assert facts(llm(ANTHROPIC_ANSWER, prompt=7, completion=76)).usage == Usage(7, 76)


def test_the_usage_of_what_was_asked_is_never_read() -> None:
    asked = llm(None, prompt=1296, completion=76) | {"input.value": ANTHROPIC_ANSWER}
    assert facts(asked).usage == Usage(1296, 76)


def test_an_answer_alone_tells_the_tokens_of_a_call_but_not_of_a_chain() -> None:
    assert facts(llm(ANTHROPIC_ANSWER)).usage.tokens_in == 3628
    chain = llm(ANTHROPIC_ANSWER) | {"openinference.span.kind": "CHAIN"}
    assert facts(chain).usage == NO_USAGE


def test_the_text_of_a_python_object_tells_parts_and_id() -> None:
    told = facts(llm(OPENAI_REPR, prompt=119, completion=23))
    assert told.usage == Usage(119, 23, 32, None, 8)
    assert told.response_id == "chatcmpl-7"


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (
            {"prompt_tokens": 100, "completion_tokens": 20},
            Usage(100, 20),
        ),
        (
            {
                "input_tokens": 100,
                "output_tokens": 20,
                "input_tokens_details": {"cached_tokens": 60},
                "output_tokens_details": {"reasoning_tokens": 5},
            },
            Usage(100, 20, 60, None, 5),
        ),
        (
            {"inputTokens": 40, "outputTokens": 20, "cacheReadInputTokens": 60},
            Usage(100, 20, 60),
        ),
        (
            {
                "promptTokenCount": 90,
                "toolUsePromptTokenCount": 10,
                "candidatesTokenCount": 15,
                "thoughtsTokenCount": 5,
                "cachedContentTokenCount": 60,
                "totalTokenCount": 120,
            },
            Usage(100, 20, 60, None, 5),
        ),
        (
            {
                "prompt_token_count": 100,
                "candidates_token_count": 20,
                "thoughts_token_count": 5,
                "total_token_count": 120,
            },
            Usage(100, 20, None, None, 5),
        ),
        (
            {
                "input_tokens": 100,
                "output_tokens": 20,
                "total_tokens": 120,
                "input_token_details": {"cache_read": 60, "cache_creation": 7},
                "output_token_details": {"reasoning": 5},
            },
            Usage(100, 20, 60, 7, 5),
        ),
        (
            {
                "prompt_tokens": 100,
                "completion_tokens": 20,
                "prompt_tokens_details": {"cached_tokens": 60, "audio_tokens": 8},
                "completion_tokens_details": {"audio_tokens": 4},
            },
            Usage(100, 20, 60, tokens_audio_in=8, tokens_audio_out=4),
        ),
    ],
)
def test_every_provider_s_usage_object_is_understood(answer: dict[str, Any], told: Usage) -> None:
    found = facts({"gen_ai.operation.name": "chat", "gen_ai.usage.raw": answer})
    assert found.usage == told


@pytest.mark.parametrize(
    ("output", "response_id"),
    [
        ('{"id": "chatcmpl-1", "choices": []}', "chatcmpl-1"),
        ('{"choices": [], "id": "chatcmpl-1"}', "chatcmpl-1"),
        ('{"candidates": [], "response_id": "aBc-9"}', "aBc-9"),
        (LANGCHAIN_RESULT, "chatcmpl-2"),
        (LANGCHAIN_STATE, "msg_2"),
        ('{"id": "run--01a204c2-4874", "content": ""}', None),
        ('{"id": "01a204c2-4874-70b7-b6a3-7a22887bbbf8"}', None),
        ("a plain text about id: chatcmpl-9", None),
        ('{"text": "\\"id\\": \\"chatcmpl-9\\""}', None),
        (None, None),
        ([1, 2], None),
    ],
)
def test_the_response_id_is_the_provider_s_own(output: Any, response_id: str | None) -> None:
    assert facts(llm(output)).response_id == response_id


def test_a_run_s_id_under_a_key_is_no_response_id() -> None:
    def response_id(value: str) -> str | None:
        return facts({"gen_ai.operation.name": "chat", "gen_ai.response.id": value}).response_id

    assert response_id("run--01a204c2") is None
    uuid = "862c1e49-0000-4000-8000-7a22887bbbf8"
    assert response_id(uuid) == uuid


def test_parts_that_only_another_convention_tells_are_taken_where_the_wholes_agree() -> None:
    told = {
        "gen_ai.operation.name": "chat",
        "gen_ai.usage.input_tokens": 1000,
        "gen_ai.usage.output_tokens": 120,
        "ai.usage.outputTokenDetails.reasoningTokens": 65,
    }
    assert facts(told, scope="gen_ai").usage == Usage(1000, 120, tokens_reasoning=65)
    other = told | {"ai.usage.inputTokens": 7, "ai.usage.outputTokens": 120}
    assert facts(other, scope="gen_ai").usage == Usage(1000, 120)


def test_anthropic_tells_thinking_beside_an_input_without_cached_tokens() -> None:
    raw = (
        '{"cache_read_input_tokens":30,"input_tokens":100,"output_tokens":150,'
        '"output_tokens_details":{"thinking_tokens":42}}'
    )
    found = facts({"gen_ai.operation.name": "chat", "gen_ai.usage.raw": raw})
    assert found.usage == Usage(130, 150, 30, None, 42)
