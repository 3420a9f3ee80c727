"""What spans say, whatever their convention. Attribute names are the emitters' own."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from otel_bridge.conventions import facts_of
from otel_bridge.facts import Operation
from tests.otel_bridge.told import facts, span


def test_a_span_that_no_convention_knows_says_nothing() -> None:
    assert facts_of(span({"http.request.method": "GET", "url.full": "http://x"})) is None
    assert facts_of(span({})) is None


@pytest.mark.parametrize(
    ("attributes", "operation"),
    [
        ({"gen_ai.operation.name": "chat"}, Operation.CHAT),
        ({"gen_ai.operation.name": "generate_content"}, Operation.CHAT),
        ({"gen_ai.operation.name": "embeddings"}, Operation.EMBEDDINGS),
        ({"gen_ai.operation.name": "invoke_agent"}, Operation.AGENT),
        ({"gen_ai.operation.name": "invoke_workflow"}, Operation.WORKFLOW),
        ({"gen_ai.operation.name": "create_agent"}, Operation.STEP),
        ({"gen_ai.operation.name": "fetch_response"}, Operation.STEP),
        ({"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "t"}, Operation.TOOL),
        ({"gen_ai.operation.name": "execute_tool"}, Operation.STEP),
        ({"gen_ai.tool.name": "t"}, Operation.TOOL),
        ({"llm.request.type": "chat"}, Operation.CHAT),
        ({"llm.request.type": "rerank"}, Operation.RERANK),
        ({"gen_ai.request.model": "m", "gen_ai.usage.prompt_tokens": 3}, Operation.CHAT),
        ({"openinference.span.kind": "LLM"}, Operation.CHAT),
        ({"openinference.span.kind": "EMBEDDING"}, Operation.EMBEDDINGS),
        ({"openinference.span.kind": "RERANKER"}, Operation.RERANK),
        ({"openinference.span.kind": "AGENT"}, Operation.AGENT),
        ({"openinference.span.kind": "TOOL", "tool.name": "t"}, Operation.TOOL),
        ({"openinference.span.kind": "AGENT", "tool.name": "ask_agent"}, Operation.TOOL),
        ({"openinference.span.kind": "CHAIN"}, Operation.STEP),
        ({"openinference.span.kind": "CHAIN", "gen_ai.operation.name": "chat"}, Operation.CHAT),
        ({"openinference.span.kind": "RETRIEVER"}, Operation.STEP),
        ({"traceloop.span.kind": "workflow"}, Operation.WORKFLOW),
        ({"traceloop.span.kind": "agent"}, Operation.AGENT),
        ({"traceloop.span.kind": "task"}, Operation.STEP),
        (
            {"traceloop.span.kind": "task", "gen_ai.operation.name": "invoke_agent"},
            Operation.STEP,
        ),
        (
            {"traceloop.span.kind": "agent", "gen_ai.operation.name": "create_agent"},
            Operation.STEP,
        ),
        ({"traceloop.span.kind": "tool", "traceloop.entity.name": "t"}, Operation.TOOL),
        ({"ai.operationId": "ai.generateText"}, Operation.STEP),
        (
            {"ai.operationId": "ai.generateText", "ai.telemetry.functionId": "f"},
            Operation.LOOP,
        ),
        ({"ai.operationId": "ai.streamText.doStream"}, Operation.CHAT),
        ({"ai.operationId": "ai.toolCall", "ai.toolCall.name": "t"}, Operation.TOOL),
        ({"ai.operationId": "ai.embed"}, Operation.STEP),
        ({"ai.operationId": "ai.embed.doEmbed"}, Operation.EMBEDDINGS),
        ({"logfire.span_type": "pending_span"}, Operation.NOTHING),
    ],
)
def test_the_operation_of_a_span(attributes: dict[str, Any], operation: Operation) -> None:
    assert facts(attributes).operation is operation


@pytest.mark.parametrize(
    ("attributes", "fields", "agent"),
    [
        ({"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "a"}, {}, "a"),
        ({"gen_ai.operation.name": "invoke_agent"}, {"name": "invoke_agent x"}, None),
        ({"gen_ai.operation.name": "chat", "gen_ai.agent.name": "OpenAI Agent"}, {}, None),
        ({"openinference.span.kind": "AGENT"}, {"name": "researcher"}, "researcher"),
        ({"openinference.span.kind": "AGENT"}, {"name": "LangGraph"}, None),
        (
            {"openinference.span.kind": "AGENT"},
            {"name": "Agent workflow", "scope": "openinference.instrumentation.openai_agents"},
            None,
        ),
        (
            {"openinference.span.kind": "AGENT", "graph.node.id": "boss"},
            {"name": "boss", "scope": "openinference.instrumentation.openai_agents"},
            "boss",
        ),
        (
            {
                "traceloop.span.kind": "agent",
                "traceloop.entity.name": "inner",
                "gen_ai.agent.name": "outer",
            },
            {},
            "inner",
        ),
        (
            {"ai.operationId": "ai.streamText", "ai.telemetry.functionId": "chat-route"},
            {},
            "chat-route",
        ),
    ],
)
def test_the_agent_s_name(
    attributes: dict[str, Any], fields: dict[str, Any], agent: str | None
) -> None:
    assert facts(attributes, **fields).agent == agent


def test_models_ids_and_cost_are_read_under_every_name() -> None:
    told = facts(
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.system": "openai",
            "gen_ai.request.model": "gpt-4o-mini",
            "gen_ai.response.model": "gpt-4o-mini-2024-07-18",
            "gen_ai.response.id": "chatcmpl-1",
            "gen_ai.response.finish_reasons": ["stop"],
            "gen_ai.conversation.id": "c-1",
            "operation.cost": 3.165e-05,
        }
    )
    assert told.provider == "openai"
    assert told.request_model == "gpt-4o-mini"
    assert told.response_model == "gpt-4o-mini-2024-07-18"
    assert told.response_id == "chatcmpl-1"
    assert told.finish_reason == "stop"
    assert told.session == "c-1"
    assert told.cost_usd == Decimal("0.00003165")


def test_placeholders_are_no_facts() -> None:
    told = facts({"gen_ai.operation.name": "chat", "gen_ai.request.model": "unknown"})
    assert told.request_model is None


@pytest.mark.parametrize("cost", [0, 0.0, "0", "free", float("inf"), -1, True])
def test_a_cost_of_nothing_is_unknown(cost: object) -> None:
    assert facts({"gen_ai.operation.name": "chat", "gen_ai.usage.cost": cost}).cost_usd is None


@pytest.mark.parametrize("cost", ["1e999999999", "1e30", "9" * 5000, 1e300, "1e-999999999"])
def test_a_cost_of_absurd_size_is_no_cost(cost: object) -> None:
    for key in ("gen_ai.usage.cost", "otel_bridge.cost_usd", "llm.cost.total"):
        told = facts({"gen_ai.operation.name": "chat", key: cost})
        assert told.cost_usd is None
        assert not told.stated_cost_usd


def test_json_of_absurd_depth_is_no_json() -> None:
    for key in ("gen_ai.response.finish_reasons", "metadata", "mlflow.llm.cost"):
        for text in ("[" * 100_000, '{"a":' * 100_000, '"' + "\\u"):
            facts({"gen_ai.operation.name": "chat", key: text})


def test_facts_say_which_other_convention_decided_them() -> None:
    told = facts(
        {
            "openinference.span.kind": "LLM",
            "gen_ai.system": "openai",
            "llm.model_name": "gpt-4o",
            "ai.usage.promptTokens": 10,
            "ai.usage.completionTokens": 5,
            "gen_ai.agent.name": "planner",
            "operation.cost": 0.5,
        }
    )
    assert told.convention == "openinference"
    assert told.decided_by == {
        "provider": "genai",
        "usage": "vercel",
        "agent": "genai",
        "cost": "genai",
    }


def test_a_convention_that_decides_everything_names_no_other() -> None:
    told = facts(
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "gpt-4o",
            "gen_ai.usage.input_tokens": 10,
        }
    )
    assert told.decided_by == {}


@pytest.mark.parametrize(
    ("attributes", "warnings"),
    [
        ({"gen_ai.usage.input_tokens": "many"}, {"unreadable_value", "missing_usage"}),
        ({"gen_ai.usage.input_tokens": float("nan")}, {"missing_usage"}),
        ({"gen_ai.usage.input_tokens": "<REDACTED>"}, {"missing_usage"}),
        ({"gen_ai.usage.input_tokens": 10, "gen_ai.usage.cost": "free"}, {"unreadable_value"}),
        ({"gen_ai.usage.input_tokens": 10, "gen_ai.usage.cost": 0}, set()),
        ({"gen_ai.usage.input_tokens": 10, "gen_ai.system": "acme"}, {"unknown_provider"}),
        (
            {"gen_ai.usage.input_tokens": 10, "gen_ai.request.model": "unknown"},
            {"missing_model"},
        ),
        (
            {"gen_ai.usage.input_tokens": 10, "gen_ai.request.model": 7},
            {"missing_model", "unreadable_value"},
        ),
        (
            {
                "gen_ai.usage.input_tokens": 10,
                "gen_ai.usage.output_tokens": 5,
                "gen_ai.usage.reasoning_tokens": -3,
            },
            {"unreadable_value"},
        ),
    ],
)
def test_doubts_about_a_call_are_told(attributes: dict[str, Any], warnings: set[str]) -> None:
    call = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o"} | attributes
    assert facts(call).warnings == warnings


def test_a_failed_call_need_not_tell_usage_or_model() -> None:
    assert not facts({"gen_ai.operation.name": "chat"}, status_code="error").warnings


def test_the_same_span_says_the_same_however_often_it_is_read() -> None:
    record = span({"openinference.span.kind": "LLM", "llm.model_name": "gpt-4o"})
    assert facts_of(record) == facts_of(record)
