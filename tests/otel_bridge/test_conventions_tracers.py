"""What the spans of LiteLLM, LangSmith, Logfire, AgentOps, OpenLIT and others say."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from otel_bridge.facts import NO_USAGE, Operation, Usage
from tests.otel_bridge.told import facts, operation, usage


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


def test_litellm_keeps_the_parts_of_usage_in_its_metadata() -> None:
    told = facts(
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.usage.input_tokens": 1433,
            "gen_ai.usage.output_tokens": 117,
            "metadata.usage_object": "{'completion_tokens': 117, 'prompt_tokens': 1433,"
            " 'completion_tokens_details': {'reasoning_tokens': 3},"
            " 'prompt_tokens_details': {'cached_tokens': 411}}",
            "hidden_params": '{"response_cost": 0.00423875}',
        },
        scope="litellm",
    )
    assert told.usage == Usage(1433, 117, 411, None, 3)
    assert told.cost_usd == Decimal("0.00423875")


def test_ids_that_litellm_made_up_are_no_response_ids() -> None:
    made_up = "chatcmpl-862c1e49-aaaa-4bbb-8ccc-7a22887bbbf8"
    call = {"gen_ai.operation.name": "chat", "gen_ai.response.id": made_up}
    assert facts(call, scope="litellm").response_id is None
    assert facts(call, scope="vllm").response_id == made_up


def test_a_stream_s_tokens_that_are_half_of_its_characters_are_a_guess() -> None:
    def told(tokens_out: int) -> Usage:
        return usage(
            {
                "gen_ai.request.stream": True,
                "gen_ai.usage.input_tokens": 29,
                "gen_ai.usage.output_tokens": tokens_out,
                "gen_ai.usage.cache_read.input_tokens": 0,
                "gen_ai.output.messages": '[{"role": "assistant", "parts":'
                ' [{"type": "text", "content": "Noon. "}]}]',
            },
            scope="openlit.instrumentation.langchain",
        )

    assert told(3) == NO_USAGE
    assert told(2) == Usage(29, 2, 0)


@pytest.mark.parametrize(
    ("answer", "tokens_out", "told"),
    [
        ("Streamed answer.", 8, NO_USAGE),
        ("", 0, NO_USAGE),
        ("Streamed answer.", 238, Usage(6, 238)),
        (None, 8, Usage(6, 8)),
    ],
)
def test_older_openlit_halves_the_characters_of_a_stream(
    answer: str | None, tokens_out: int, told: Usage
) -> None:
    stream = {
        "gen_ai.request.is_stream": True,
        "gen_ai.usage.input_tokens": 6,
        "gen_ai.usage.output_tokens": tokens_out,
    }
    content = {} if answer is None else {"gen_ai.completion": answer}
    assert usage(stream | content, scope="openlit.otel.tracing") == told
    assert usage(stream | content, scope="my.app") == Usage(6, tokens_out)


def test_a_node_of_a_graph_is_no_agent_though_openlit_calls_it_one() -> None:
    node = {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.name": "model",
        "gen_ai.agent.id": "model",
    }
    assert operation(node, scope="openlit.instrumentation.langgraph") is Operation.STEP


STREAM_LOG = {
    "logfire.span_type": "log",
    "duration": 0.25,
    "request_data": '{"model":"gpt-4o"}',
    "gen_ai.operation.name": "chat",
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.usage.input_tokens": 1407,
    "gen_ai.usage.output_tokens": 97,
    "gen_ai.usage.raw": '{"completion_tokens":97,"prompt_tokens":1407,'
    '"prompt_tokens_details":{"cached_tokens":523}}',
}


def test_calls_of_older_logfire_are_told_by_what_was_asked_and_answered() -> None:
    scope = "logfire.anthropic"
    request = {
        "logfire.span_type": "span",
        "logfire.msg_template": "Message with {request_data[model]!r}",
        "request_data": '{"max_tokens":300,"messages":[],"model":"claude-sonnet-4-5"}',
    }
    answer = (
        '{"message":{"role":"assistant","content":"Hi."},"usage":{"input_tokens":1062,'
        '"cache_creation_input_tokens":90,"cache_read_input_tokens":0,"output_tokens":40}}'
    )
    told = facts(request | {"response_data": answer}, scope=scope)
    assert (told.operation, told.provider) == (Operation.CHAT, "anthropic")
    assert told.response_model == "claude-sonnet-4-5"
    assert told.usage == Usage(1152, 40, 0, 90)
    assert operation(request, scope=scope, status_code="error") is Operation.CHAT
    assert operation(request, scope=scope) is Operation.STEP
    log = request | {"logfire.span_type": "log", "duration": 0.5, "response_data": "{}"}
    streamed = facts(log, scope=scope)
    assert (streamed.operation, streamed.started_ns) == (Operation.CHAT, 500_000_000)
    assert operation(request | {"response_data": answer}, scope="my.app") is None


def test_a_stream_of_logfire_is_one_call_that_began_before_its_log() -> None:
    request = {
        "logfire.span_type": "span",
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "gpt-4o",
    }
    assert operation(request, scope="logfire.openai") is Operation.STEP
    assert operation(request, scope="logfire.openai", status_code="error") is Operation.CHAT
    told = facts(STREAM_LOG, scope="logfire.openai")
    assert (told.operation, told.started_ns) == (Operation.CHAT, 750_000_000)
    assert told.usage == Usage(1407, 97, 523)


@pytest.mark.parametrize("duration", [None, True, -1, float("nan"), 1e300, "long"])
def test_a_stream_s_log_without_a_readable_duration_began_where_it_stands(duration: Any) -> None:
    assert facts(STREAM_LOG | {"duration": duration}, scope="logfire.openai").started_ns is None


@pytest.mark.parametrize(
    ("attributes", "name", "expected"),
    [
        ({"langsmith.span.kind": "llm"}, "ChatOpenAI", Operation.CHAT),
        (
            {"langsmith.span.kind": "prompt", "gen_ai.operation.name": "chat"},
            "ChatPromptTemplate",
            Operation.STEP,
        ),
        (
            {"langsmith.span.kind": "retriever", "gen_ai.operation.name": "embeddings"},
            "retriever",
            Operation.STEP,
        ),
        ({"langsmith.span.kind": "tool"}, "search", Operation.TOOL),
        (
            {"langsmith.span.kind": "chain", "langsmith.metadata.lc_agent_name": "boss"},
            "boss",
            Operation.AGENT,
        ),
        (
            {
                "langsmith.span.kind": "chain",
                "langsmith.metadata.lc_agent_name": "boss",
                "langsmith.metadata.langgraph_node": "model",
            },
            "model",
            Operation.STEP,
        ),
        (
            {"langsmith.span.kind": "chain", "langsmith.metadata.ls_integration": "langgraph"},
            "my_graph",
            Operation.WORKFLOW,
        ),
    ],
)
def test_langsmith_s_run_type_says_what_a_span_did(
    attributes: dict[str, Any], name: str, expected: Operation
) -> None:
    assert operation(attributes, name=name, scope="langsmith") is expected


def test_langsmith_tells_parts_as_python_text_and_guesses_the_provider() -> None:
    told = facts(
        {
            "langsmith.span.kind": "llm",
            "gen_ai.system": "langchain",
            "langsmith.metadata.ls_provider": "anthropic",
            "langsmith.trace.session_id": "a project",
            "langsmith.metadata.thread_id": "thread-1",
            "gen_ai.usage.input_tokens": 1000,
            "gen_ai.usage.output_tokens": 20,
            "gen_ai.usage.input_token_details": "{'cache_read': 900, 'cache_creation': 50}",
            "gen_ai.usage.output_token_details": "{'reasoning': 7}",
        },
        scope="langsmith",
    )
    assert told.usage == Usage(1000, 20, 900, 50, 7)
    assert told.session == "thread-1"


def test_agentops_names_calls_by_request_type_and_the_rest_by_kind() -> None:
    call = {"gen_ai.request.type": "chat", "gen_ai.request.model": "gpt-4o"}
    assert operation(call, status_code="error") is Operation.CHAT
    agent = facts({"agentops.span.kind": "agent"}, name="planner.agent")
    assert (agent.operation, agent.agent) == (Operation.AGENT, "planner")
    tool = facts({"agentops.span.kind": "tool", "tool.name": "search"}, name="search.tool")
    assert (tool.operation, tool.tool) == (Operation.TOOL, "search")
