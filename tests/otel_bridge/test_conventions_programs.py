"""What the spans of programs, protocols and other languages say."""

from __future__ import annotations

from typing import Any

import pytest

from otel_bridge.facts import NO_USAGE, Operation, Usage, UsageBasis
from tests.otel_bridge.told import facts, operation


def test_bare_keys_mean_something_only_where_their_convention_is_known() -> None:
    bare = {"input_tokens": 12, "output_tokens": 3, "model": "claude-haiku-4-5"}
    told = facts({"gen_ai.operation.name": "chat"} | bare)
    assert (told.usage, told.request_model) == (NO_USAGE, None)


def test_claude_code_tells_input_without_cached_tokens() -> None:
    told = facts(
        {
            "span.type": "llm_request",
            "model": "claude-sonnet-4-5",
            "gen_ai.system": "anthropic",
            "input_tokens": 10,
            "output_tokens": 20,
            "cache_read_tokens": 2000,
            "cache_creation_tokens": 300,
            "success": "true",
        },
        name="claude_code.llm_request",
        scope="com.anthropic.claude_code.tracing",
    )
    assert told.operation is Operation.CHAT
    assert told.usage == Usage(2310, 20, 2000, 300)
    assert told.request_model == "claude-sonnet-4-5"
    assert not told.failed


@pytest.mark.parametrize(
    ("name", "attributes", "expected"),
    [
        ("claude_code.interaction", {}, Operation.AGENT),
        ("claude_code.tool", {"tool_name": "Bash"}, Operation.TOOL),
        ("claude_code.tool.execution", {"tool_name": "Bash"}, Operation.STEP),
        ("claude_code.hook", {}, Operation.STEP),
        ("codex.sse_event", {"input_token_count": "1"}, Operation.CHAT),
        ("codex.conversation_starts", {}, Operation.STEP),
        ("codex.tool_result", {"tool_name": "shell"}, Operation.TOOL),
        ("gemini_cli.api_response", {}, Operation.CHAT),
        ("gemini_cli.tool_call", {"function_name": "ls"}, Operation.TOOL),
        ("gemini_cli.user_prompt", {}, Operation.STEP),
    ],
)
def test_command_line_agents_tell_by_span_names(
    name: str, attributes: dict[str, Any], expected: Operation
) -> None:
    assert operation(attributes, name=name) is expected


def test_a_tool_of_claude_code_failed_where_it_says_so() -> None:
    tool = {"tool_name": "Bash", "tool_use_id": "toolu_1", "success": "false", "error": "denied"}
    told = facts(tool, name="claude_code.tool")
    assert (told.tool, told.tool_call_id) == ("Bash", "toolu_1")
    assert (told.failed, told.error) == (True, "denied")


def test_codex_tells_counts_as_strings() -> None:
    told = facts(
        {
            "event.kind": "response.completed",
            "model": "gpt-5-codex",
            "input_token_count": "1200",
            "output_token_count": "80",
            "cached_token_count": 1000,
            "reasoning_token_count": 30,
        },
        name="codex.sse_event",
    )
    assert told.usage == Usage(1200, 80, 1000, None, 30)


def test_codex_names_reasoning_in_a_key_of_its_own() -> None:
    told = facts(
        {
            "gen_ai.usage.input_tokens": 1200,
            "gen_ai.usage.output_tokens": 80,
            "gen_ai.usage.cache_read.input_tokens": 1000,
            "codex.usage.reasoning_output_tokens": 30,
            "codex.usage.total_tokens": 1280,
        }
    )
    assert (told.operation, told.usage) == (Operation.CHAT, Usage(1200, 80, 1000, None, 30))


def test_gemini_cli_tells_output_without_thoughts() -> None:
    told = facts(
        {
            "model": "gemini-2.5-pro",
            "input_token_count": 500,
            "output_token_count": 20,
            "cached_content_token_count": 100,
            "thoughts_token_count": 80,
            "total_token_count": 600,
        },
        name="gemini_cli.api_response",
    )
    assert told.usage == Usage(500, 100, 100, None, 80)
    assert told.usage_basis is UsageBasis.TOTAL_CHECKSUM


def test_langchain4j_tells_counts_as_strings_and_the_provider_as_an_enum() -> None:
    told = facts(
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "OPEN_AI",
            "gen_ai.request.model": "gpt-4o",
            "input_tokens": "12",
            "output_tokens": "3",
            "outcome": "SUCCESS",
        }
    )
    assert (told.usage, told.provider, told.failed) == (Usage(12, 3), "openai", False)


def test_spring_ai_tells_everything_as_strings() -> None:
    call = facts(
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.system": "openai",
            "gen_ai.request.model": "gpt-4o",
            "gen_ai.response.id": "none",
            "gen_ai.usage.input_tokens": "12",
            "gen_ai.usage.output_tokens": "3",
        }
    )
    assert (call.usage, call.response_id) == (Usage(12, 3), None)
    client = {"gen_ai.operation.name": "framework", "spring.ai.kind": "chat_client"}
    assert operation(client) is Operation.STEP
    tool = {"spring.ai.kind": "tool_call", "spring.ai.tool.definition.name": "search"}
    assert facts(tool).tool == "search"


def test_a_tool_over_mcp_is_the_client_s_and_not_the_server_s() -> None:
    call = {"mcp.method.name": "tools/call"}
    client = facts(call, name="tools/call search", kind="client")
    assert (client.operation, client.tool) == (Operation.TOOL, "search")
    named = call | {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "search"}
    assert operation(named, kind="client") is Operation.TOOL
    assert operation(named, kind="server") is Operation.STEP
    assert operation({"mcp.method.name": "tools/list"}) is Operation.STEP


def test_genkit_tells_model_and_usage_inside_its_keys() -> None:
    told = facts(
        {
            "genkit:metadata:subtype": "model",
            "genkit:name": "googleai/gemini-2.5-flash",
            "genkit:output": '{"usage": {"inputTokens": 100, "outputTokens": 20,'
            ' "thoughtsTokens": 30, "totalTokens": 150}}',
        },
        scope="genkit-tracer",
    )
    assert told.response_model == "gemini-2.5-flash"
    assert told.usage == Usage(100, 50, tokens_reasoning=30)
    flow = facts({"genkit:metadata:subtype": "flow", "genkit:name": "menu"})
    assert (flow.operation, flow.agent) == (Operation.WORKFLOW, "menu")
    assert facts({"genkit:metadata:subtype": "tool", "genkit:name": "t"}).tool == "t"


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"lmnr.span.type": "LLM"}, Operation.CHAT),
        ({"lmnr.span.type": "CACHED"}, Operation.STEP),
        ({"lmnr.span.type": "DEFAULT", "gen_ai.operation.name": "chat"}, Operation.CHAT),
        ({"gen_ai.span.kind": "AGENT"}, Operation.AGENT),
        ({"gen_ai.span.kind": "LLM"}, Operation.CHAT),
        ({"gen_ai.span.kind": "CHAIN"}, Operation.STEP),
        ({"langtrace.service.type": "llm"}, Operation.CHAT),
        ({"langtrace.service.type": "vectordb"}, Operation.STEP),
    ],
)
def test_kinds_of_other_tracers(attributes: dict[str, Any], expected: Operation) -> None:
    assert operation(attributes) is expected


def test_livekit_tells_by_span_names_in_its_scope() -> None:
    scope = "livekit-agents"
    tool = {"lk.function_tool.name": "search", "lk.function_tool.is_error": True}
    told = facts(tool, name="function_tool", scope=scope)
    assert (told.operation, told.tool, told.failed) == (Operation.TOOL, "search", True)
    assert operation({}, name="llm_request", scope=scope) is Operation.CHAT
    assert operation({}, name="llm_node", scope=scope) is Operation.STEP
    session = {"gen_ai.operation.name": "invoke_workflow", "gen_ai.workflow.name": "agent_session"}
    assert facts(session, name="agent_session", scope=scope).agent is None


def test_the_claude_api_s_own_span_tells_its_client_s_call_again() -> None:
    call = {"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": 10}
    server = "com.anthropic.claude-platform"
    assert operation(call, scope=server, kind="server") is Operation.STEP
    assert operation(call, scope="com.anthropic.sdk.python") is Operation.CHAT
    runner = {"gen_ai.operation.name": "invoke_agent"}
    assert operation(runner, scope="com.anthropic.sdk.python") is Operation.LOOP
