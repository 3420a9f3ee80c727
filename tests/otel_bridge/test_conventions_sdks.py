"""What the spans of tracing SDKs say: Langfuse, MLflow, LiteLLM, LangSmith, Logfire and others."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from otel_bridge.facts import NO_USAGE, Operation, Usage
from tests.otel_bridge.told import facts


@pytest.mark.parametrize(
    ("attributes", "operation"),
    [
        ({"langfuse.observation.type": "generation"}, Operation.CHAT),
        ({"langfuse.observation.type": "embedding"}, Operation.EMBEDDINGS),
        ({"langfuse.observation.type": "agent"}, Operation.AGENT),
        ({"langfuse.observation.type": "tool"}, Operation.TOOL),
        ({"langfuse.observation.type": "chain"}, Operation.STEP),
        ({"langfuse.observation.type": "span"}, Operation.STEP),
        (
            {"langfuse.observation.type": "span", "langfuse.observation.model.name": "m"},
            Operation.CHAT,
        ),
        ({"mlflow.spanType": '"CHAT_MODEL"'}, Operation.CHAT),
        ({"mlflow.spanType": '"AGENT"'}, Operation.AGENT),
        ({"mlflow.spanType": '"TOOL"'}, Operation.TOOL),
        ({"mlflow.spanType": '"PARSER"'}, Operation.STEP),
        ({"mlflow.spanType": '"UNKNOWN"', "gen_ai.operation.name": "chat"}, Operation.CHAT),
    ],
)
def test_the_operation_of_spans_that_only_their_name_names(
    attributes: dict[str, Any], operation: Operation
) -> None:
    told = facts(attributes, name="get_weather")
    assert told.operation is operation
    if operation is Operation.TOOL:
        assert told.tool == "get_weather"
    if operation is Operation.AGENT:
        assert told.agent == "get_weather"


@pytest.mark.parametrize(
    ("details", "told"),
    [
        (
            (
                '{"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120,'
                ' "prompt_tokens_details": {"cached_tokens": 60},'
                ' "completion_tokens_details": {"reasoning_tokens": 5}}'
            ),
            Usage(100, 20, 60, None, 5),
        ),
        (
            '{"input": 40, "input_cached_tokens": 60, "output": 15, "output_reasoning": 5}',
            Usage(100, 20, 60, None, 5),
        ),
        (
            (
                '{"input": 10, "cache_read_input_tokens": 900, "cache_creation_input_tokens": 90,'
                ' "output": 20, "total": 1020}'
            ),
            Usage(1000, 20, 900, 90),
        ),
        ('{"input": 0, "output": 0}', NO_USAGE),
        ("not json", NO_USAGE),
        ("[]", NO_USAGE),
    ],
)
def test_langfuse_tells_usage_in_one_attribute(details: str, told: Usage) -> None:
    attributes = {
        "langfuse.observation.type": "generation",
        "langfuse.observation.usage_details": details,
    }
    assert facts(attributes, scope="langfuse-sdk").usage == told


def test_langfuse_tells_cost_in_one_attribute() -> None:
    def cost(details: str) -> Decimal | None:
        attributes = {
            "langfuse.observation.type": "generation",
            "langfuse.observation.cost_details": details,
        }
        return facts(attributes).cost_usd

    assert cost('{"input": 0.25, "output": 0.5}') == Decimal("0.75")
    assert cost('{"input": 0.25, "total": 0.3}') == Decimal("0.3")
    assert cost('{"input": 0, "output": 0, "total": 0}') is None


def test_mlflow_tells_the_usage_of_embeddings_only_inside_the_answer() -> None:
    attributes = {
        "mlflow.spanType": '"EMBEDDING"',
        "mlflow.spanOutputs": '{"usage": {"prompt_tokens": 276, "total_tokens": 276}}',
    }
    assert facts(attributes).usage == Usage(276, None)


@pytest.mark.parametrize(
    ("answer", "model"),
    [
        ('{"id": "msg_1", "model": "claude-sonnet-4-5-20250929"}', "claude-sonnet-4-5-20250929"),
        ('"streamed words"', "claude-sonnet-4-5"),
        (None, "claude-sonnet-4-5"),
    ],
)
def test_older_mlflow_tells_the_model_only_inside_answer_and_request(
    answer: str | None, model: str
) -> None:
    asked = {
        "mlflow.spanType": '"CHAT_MODEL"',
        "mlflow.spanInputs": '{"model": "claude-sonnet-4-5", "messages": []}',
        "mlflow.chat.tokenUsage": '{"input_tokens": 10, "output_tokens": 2, "total_tokens": 12}',
    }
    told = facts(asked | ({"mlflow.spanOutputs": answer} if answer else {}))
    assert (told.response_model, told.provider) == (model, "anthropic")
    assert facts(asked | {"mlflow.spanType": '"CHAIN"'}).response_model is None


def test_mlflow_tells_everything_as_json_text() -> None:
    told = facts(
        {
            "mlflow.spanType": '"CHAT_MODEL"',
            "mlflow.llm.model": '"gpt-4o"',
            "mlflow.llm.provider": '"openai"',
            "mlflow.chat.tokenUsage": '{"input_tokens": 100, "output_tokens": 20,'
            ' "total_tokens": 120, "cache_read_input_tokens": 60}',
            "mlflow.llm.cost": '{"input_cost": 0.1, "output_cost": 0.2, "total_cost": 0.3}',
            "mlflow.spanOutputs": '{"id": "chatcmpl-3", "choices": []}',
        }
    )
    assert (told.provider, told.response_model) == ("openai", "gpt-4o")
    assert told.usage == Usage(100, 20, 60)
    assert told.cost_usd == Decimal("0.3")
    assert told.response_id == "chatcmpl-3"
