"""What spans say, convention by convention. Attribute names are the emitters' own."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from otel_bridge.conventions import facts_of
from otel_bridge.facts import NO_USAGE, Operation, SpanFacts, Usage
from otel_bridge.record import SpanEvent, SpanRecord


def span(
    attributes: Mapping[str, Any], *, name: str = "a span", scope: str = "", **fields: Any
) -> SpanRecord:
    return SpanRecord(
        trace_id="a" * 32,
        span_id="b" * 16,
        parent_span_id=None,
        name=name,
        start_ns=1_000_000_000,
        end_ns=2_000_000_000,
        attributes=attributes,
        scope_name=scope,
        **fields,
    )


def facts(attributes: Mapping[str, Any], **fields: Any) -> SpanFacts:
    found = facts_of(span(attributes, **fields))
    assert found is not None
    return found


def usage(attributes: Mapping[str, Any], **fields: Any) -> Usage:
    return facts({"gen_ai.operation.name": "chat"} | dict(attributes), **fields).usage


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
    ("attributes", "operation"),
    [
        ({"agent_name": "a", "model_name": "m"}, Operation.AGENT),
        ({"gen_ai.tool.name": "t"}, Operation.TOOL),
        ({"tools": ["t"], "logfire.msg": "running 1 tool"}, Operation.STEP),
        ({"gen_ai.operation.name": "chat"}, Operation.CHAT),
    ],
)
def test_spans_of_old_pydantic_ai_versions(
    attributes: dict[str, Any], operation: Operation
) -> None:
    assert facts(attributes, scope="pydantic-ai").operation is operation


def test_an_openinference_tool_may_have_only_the_span_s_name() -> None:
    tool = {"openinference.span.kind": "TOOL"}
    assert facts(tool, name="search").tool == "search"
    assert facts(tool, name="search.__call__").tool == "search"
    handover = facts(tool, name="boss", scope="openinference.instrumentation.openai_agents")
    assert (handover.operation, handover.tool) == (Operation.STEP, None)


def test_a_langgraph_node_with_agent_in_its_name_is_a_step() -> None:
    scope = "openinference.instrumentation.langchain"
    node = {"openinference.span.kind": "AGENT", "metadata": '{"langgraph_node": "call_agent"}'}
    assert facts(node, name="call_agent", scope=scope).operation is Operation.STEP
    inner = '{"langgraph_node": "sub_agent", "lc_agent_name": "sub_agent"}'
    attributes = {"openinference.span.kind": "AGENT", "metadata": inner}
    agent = facts(attributes, name="sub_agent", scope=scope)
    assert (agent.operation, agent.agent) == (Operation.AGENT, "sub_agent")


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


def test_estimates_of_a_stream_without_usage_are_no_usage() -> None:
    stream = {
        "gen_ai.request.stream": True,
        "gen_ai.usage.input_tokens": 11,
        "gen_ai.usage.output_tokens": 15,
    }
    assert usage(stream, scope="openlit.instrumentation.openai") == NO_USAGE
    told = stream | {"gen_ai.usage.cache_read.input_tokens": 0}
    assert usage(told, scope="openlit.instrumentation.openai") == Usage(11, 15, 0)
    assert usage(stream, scope="opentelemetry.instrumentation.openai_v2") == Usage(11, 15)


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


def test_openinference_tells_the_response_id_only_inside_its_output() -> None:
    told = facts(
        {
            "openinference.span.kind": "LLM",
            "input.value": '{"id": "chatcmpl-of-an-earlier-call"}',
            "output.value": '{"id":"chatcmpl-2","choices":[]}',
        }
    )
    assert told.response_id == "chatcmpl-2"


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


def test_a_failure_is_told_with_message_and_type() -> None:
    exception = SpanEvent(
        "exception", 1, {"exception.type": "TimeoutError", "exception.message": "too slow"}
    )
    told = facts(
        {"gen_ai.operation.name": "chat"}, status_code="error", events=(exception, exception)
    )
    assert (told.failed, told.error, told.error_type) == (True, "too slow", "TimeoutError")


def test_an_error_type_without_a_status_is_a_failure_unless_the_span_says_ok() -> None:
    attributes = {"gen_ai.operation.name": "chat", "error.type": "429"}
    assert facts(attributes).failed
    assert not facts(attributes, status_code="ok").failed


def test_placeholders_are_no_facts() -> None:
    told = facts({"gen_ai.operation.name": "chat", "gen_ai.request.model": "unknown"})
    assert told.request_model is None


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


_HAYSTACK_REPLY = (
    '{"replies": [{"meta": {"model": "gpt-4o-mini-2024-07-18", "usage":'
    ' {"prompt_tokens": 142, "completion_tokens": 28,'
    ' "prompt_tokens_details": {"cached_tokens": 32}}}}]}'
)


@pytest.mark.parametrize(
    ("name", "attributes", "operation"),
    [
        ("haystack.pipeline.run", {}, Operation.WORKFLOW),
        ("haystack.agent.run", {}, Operation.AGENT),
        ("haystack.agent.step", {}, Operation.STEP),
        ("haystack.agent.step.llm", {}, Operation.CHAT),
        ("haystack.agent.step.tool", {"haystack.tool.name": "t"}, Operation.TOOL),
        ("haystack.component.run", {"haystack.component.type": "Agent"}, Operation.AGENT),
        (
            "haystack.component.run",
            {"haystack.component.type": "OpenAIChatGenerator"},
            Operation.CHAT,
        ),
        ("haystack.component.run", {"haystack.component.type": "Joiner"}, Operation.STEP),
    ],
)
def test_haystack_tells_the_operation_by_the_span_s_name(
    name: str, attributes: dict[str, Any], operation: Operation
) -> None:
    assert facts(attributes, name=name, scope="haystack").operation is operation


def test_haystack_tells_model_and_usage_only_inside_the_reply() -> None:
    told = facts(
        {"haystack.agent.step.llm.output": _HAYSTACK_REPLY},
        name="haystack.agent.step.llm",
        scope="haystack",
    )
    assert (told.provider, told.response_model) == ("openai", "gpt-4o-mini-2024-07-18")
    assert told.usage == Usage(142, 28, 32)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            (
                "{'prompt_tokens': 100, 'completion_tokens': 20,"
                " 'prompt_tokens_details': {'cached_tokens': 60}}"
            ),
            Usage(100, 20, 60),
        ),
        (
            (
                "{'input_tokens': 10, 'output_tokens': 20, 'cache_read_input_tokens': 60,"
                " 'cache_creation_input_tokens': 30}"
            ),
            Usage(100, 20, 60, 30),
        ),
    ],
)
def test_litellm_copies_the_provider_s_usage_as_python_text(text: str, told: Usage) -> None:
    found = facts(
        {"llm.openai.usage": text, "llm.openai.id": "chatcmpl-4", "llm.openai.model": "m"},
        name="raw_gen_ai_request",
        scope="litellm",
    )
    assert (found.operation, found.usage) == (Operation.CHAT, told)
    assert (found.response_id, found.response_model) == ("chatcmpl-4", "m")


def test_an_agent_s_span_stays_one_though_litellm_wrote_a_call_over_it() -> None:
    written_over = {
        "gen_ai.operation.name": "chat",
        "gen_ai.agent.name": "weather",
        "litellm.call_id": "862c1e49",
    }
    told = facts(written_over, scope="my.app")
    assert (told.operation, told.agent) == (Operation.AGENT, "weather")
    assert facts(written_over, scope="litellm").operation is Operation.CHAT


@pytest.mark.parametrize("text", ["__import__('os')", "{'a': ", "[1]", "9" * 20_000, "", None])
def test_a_litellm_copy_without_readable_usage_is_no_call(text: str | None) -> None:
    found = facts({"llm.openai.usage": text}, name="raw_gen_ai_request", scope="litellm")
    assert found.operation is Operation.NOTHING


def test_the_span_that_merges_parallel_tools_executed_none() -> None:
    merged = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "(merged tools)"}
    assert facts(merged, scope="gcp.vertex.agent").operation is Operation.STEP
