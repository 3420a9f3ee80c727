"""What the spans of agent frameworks say, through their own tracing or another's."""

from __future__ import annotations

import json
from typing import Any

import pytest

from otel_bridge.facts import Operation, Usage
from tests.otel_bridge.told import facts, operation


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
    dspy = "openinference.instrumentation.dspy"
    assert facts(tool, name="search.__call__", scope=dspy).tool == "search"
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


def test_the_span_that_merges_parallel_tools_executed_none() -> None:
    merged = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "(merged tools)"}
    assert facts(merged, scope="gcp.vertex.agent").operation is Operation.STEP


def test_an_agent_of_smolagents_is_named_by_its_span() -> None:
    agent = {"openinference.span.kind": "AGENT"}
    scope = "openinference.instrumentation.smolagents"
    assert facts(agent, name="weather_agent.run", scope=scope).agent == "weather_agent"
    assert facts(agent, name="CodeAgent.run", scope=scope).agent is None
    other = "openinference.instrumentation.autogen"
    assert facts(agent, name="weather_agent.run", scope=other).agent == "weather_agent.run"


def test_a_root_graph_of_langgraph_runs_under_its_own_name() -> None:
    scope = "openinference.instrumentation.langchain"
    graph = {"openinference.span.kind": "CHAIN", "metadata": '{"ls_integration": "langgraph"}'}
    told = facts(graph, name="boss_graph", scope=scope)
    assert (told.operation, told.agent) == (Operation.WORKFLOW, "boss_graph")
    assert facts(graph, name="LangGraph", scope=scope).agent is None
    inner = facts(graph, name="boss_graph", scope=scope, parent_span_id="c" * 16)
    assert inner.operation is Operation.STEP
    chain = {"openinference.span.kind": "CHAIN"}
    assert operation(chain, name="RunnableSequence", scope=scope) is Operation.STEP


@pytest.mark.parametrize("tool", ["Delegate work to coworker", "Ask question to coworker"])
def test_a_crew_s_delegation_says_who_is_asked(tool: str) -> None:
    told = facts(
        {
            "openinference.span.kind": "TOOL",
            "tool.name": tool,
            "input.value": '{"kwargs": {"task": "look", "context": "", "coworker": "sub_agent"}}',
        },
        scope="openinference.instrumentation.crewai",
    )
    assert (told.operation, told.tool, told.delegate) == (Operation.TOOL, tool, "sub_agent")


def test_other_tools_of_a_crew_delegate_nothing() -> None:
    told = facts(
        {
            "openinference.span.kind": "TOOL",
            "tool.name": "get_weather",
            "input.value": '{"coworker": "sub_agent"}',
        },
        scope="openinference.instrumentation.crewai",
    )
    assert told.delegate is None


def test_a_crew_is_no_agent_though_it_calls_itself_one() -> None:
    crew = {"gen_ai.operation.name": "invoke_agent", "gen_ai.provider.name": "crewai"}
    scope = "opentelemetry.instrumentation.crewai.instrumentation"
    assert operation(crew, name="crewai.workflow", scope=scope) is Operation.WORKFLOW


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("invocation", Operation.WORKFLOW),
        ("agent_run [weather_agent]", Operation.AGENT),
        ("call_llm", Operation.CHAT),
        ("execute_tool broken_tool", Operation.TOOL),
        ("execute_tool (merged)", Operation.STEP),
        ("tool_call [get_weather]", Operation.TOOL),
        ("tool_response [get_weather]", Operation.STEP),
        ("send_data", Operation.STEP),
        ("anything else", None),
    ],
)
def test_the_first_schema_of_the_adk_tells_by_names_only(
    name: str, expected: Operation | None
) -> None:
    assert operation({}, name=name, scope="gcp.vertex.agent", status_code="error") is expected


def test_the_first_schema_of_the_adk_names_agents_and_tools_in_the_span_s_name() -> None:
    agent = facts({}, name="agent_run [weather_agent]", scope="gcp.vertex.agent")
    tool = facts({}, name="execute_tool broken_tool", scope="gcp.vertex.agent")
    assert (agent.agent, tool.tool) == ("weather_agent", "broken_tool")
    first = facts({}, name="tool_call [get_weather]", scope="gcp.vertex.agent")
    assert first.tool == "get_weather"


@pytest.mark.parametrize(
    ("output", "answer", "expected"),
    [
        (142, {"candidates_token_count": 23, "total_token_count": 142}, 23),
        (23, {"candidates_token_count": 23, "total_token_count": 142}, 23),
        (30, {"candidates_token_count": 23, "thoughts_token_count": 7}, 30),
        (142, {}, 142),
    ],
)
def test_output_that_was_told_as_the_total_is_read_from_the_adk_s_answer(
    output: int, answer: dict[str, int], expected: int
) -> None:
    metadata = {"prompt_token_count": 119, **answer} if answer else {}
    told = facts(
        {
            "gen_ai.request.model": "gemini-2.0-flash",
            "gen_ai.usage.input_tokens": 119,
            "gen_ai.usage.output_tokens": output,
            "gcp.vertex.agent.llm_response": json.dumps({"usage_metadata": metadata}),
        },
        name="call_llm",
        scope="gcp.vertex.agent",
    )
    assert (told.usage.tokens_in, told.usage.tokens_out) == (119, expected)


def test_llamaindex_calls_what_only_prepares_a_call_an_llm() -> None:
    scope = "openinference.instrumentation.llama_index"
    call = {"openinference.span.kind": "LLM"}
    assert operation(call, name="OpenAI._prepare_chat_with_tools", scope=scope) is Operation.STEP
    assert operation(call, name="OpenAI.achat", scope=scope) is Operation.CHAT
    run = facts({"openinference.span.kind": "CHAIN"}, name="FunctionAgent.run", scope=scope)
    assert (run.operation, run.agent) == (Operation.AGENT, None)


def test_a_step_of_llamaindex_says_whose_turn_it_is_in_its_input() -> None:
    turn = {
        "openinference.span.kind": "CHAIN",
        "input.value": '{"ev": "AgentSetup(input=[], current_agent_name=\'sub_agent\')"}',
    }
    scope = "openinference.instrumentation.llama_index"
    told = facts(turn, name="AgentWorkflow.run_agent_step", scope=scope)
    assert (told.operation, told.agent) == (Operation.AGENT, "sub_agent")
    assert operation(turn, name="AgentWorkflow.call_tool", scope=scope) is Operation.STEP
    hidden = turn | {"input.value": "__REDACTED__"}
    assert operation(hidden, name="AgentWorkflow.run_agent_step", scope=scope) is Operation.STEP


def test_dspy_s_agents_are_chains_without_a_name() -> None:
    scope = "openinference.instrumentation.dspy"
    chain = {"openinference.span.kind": "CHAIN"}
    run = facts(chain, name="ReAct.forward", scope=scope)
    assert (run.operation, run.agent) == (Operation.AGENT, None)
    assert operation(chain, name="Predict.forward", scope=scope) is Operation.STEP


def test_openinference_calls_runs_of_haystack_chains() -> None:
    scope = "openinference.instrumentation.haystack"
    chain = {"openinference.span.kind": "CHAIN"}
    run = facts(chain, name="Agent.run", scope=scope)
    assert (run.operation, run.agent) == (Operation.AGENT, None)
    assert operation(chain, name="Pipeline.run", scope=scope) is Operation.WORKFLOW


def test_an_agent_of_agno_is_named_by_a_key_or_by_its_span() -> None:
    scope = "openinference.instrumentation.agno"
    agent = {"openinference.span.kind": "AGENT"}
    assert facts(agent | {"agno.team": "crew"}, name="Team.run", scope=scope).agent == "crew"
    assert facts(agent, name="researcher.arun", scope=scope).agent == "researcher"
    assert facts(agent, name="Agent.run", scope=scope).agent is None


def test_the_root_of_the_openai_agents_sdk_is_named_after_the_trace() -> None:
    scope = "openinference.instrumentation.openai_agents"
    agent = {"openinference.span.kind": "AGENT"}
    assert facts(agent, name="Agent workflow", scope=scope).agent is None
    assert facts(agent | {"graph.node.id": "boss"}, name="boss", scope=scope).agent == "boss"


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({}, Operation.STEP),
        ({"gen_ai.agent.name": "weather_agent"}, Operation.LOOP),
    ],
)
def test_the_outer_span_of_ai_sdk_7_is_an_agent_only_with_a_name(
    attributes: dict[str, Any], expected: Operation
) -> None:
    outer = {"gen_ai.operation.name": "invoke_agent"} | attributes
    assert operation(outer, name="invoke_agent gpt-4o", scope="gen_ai") is expected


def test_ai_sdk_4_tells_cached_tokens_in_the_provider_s_metadata_only() -> None:
    told = facts(
        {
            "ai.operationId": "ai.generateText.doGenerate",
            "ai.model.provider": "anthropic.messages",
            "ai.usage.promptTokens": 1074,
            "ai.usage.completionTokens": 134,
            "ai.response.providerMetadata": '{"anthropic":{"cacheCreationInputTokens":722,'
            '"cacheReadInputTokens":2026}}',
        },
        scope="ai",
    )
    assert told.usage == Usage(3822, 134, 2026, 722)


def test_ai_sdk_4_says_whether_the_outer_span_may_loop() -> None:
    outer = {"ai.operationId": "ai.generateText", "ai.telemetry.functionId": "weather_agent"}
    assert operation(outer | {"ai.settings.maxSteps": 5}, scope="ai") is Operation.AGENT
    assert operation(outer | {"ai.settings.maxSteps": 1}, scope="ai") is Operation.LOOP


def test_openinference_s_processor_does_not_decide_about_the_ai_sdk() -> None:
    outer = {"ai.operationId": "ai.generateText", "openinference.span.kind": "AGENT"}
    assert operation(outer, scope="ai") is Operation.STEP


def test_a_workflow_of_mastra_is_named_by_its_span() -> None:
    workflow = {"gen_ai.operation.name": "invoke_workflow", "mastra.span.type": "workflow_run"}
    told = facts(workflow, name="invoke_workflow my_flow", scope="@mastra/otel-exporter")
    assert (told.operation, told.agent) == (Operation.WORKFLOW, "my_flow")


def test_a_hand_over_that_was_executed_as_a_named_tool_is_a_tool() -> None:
    handover = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "transfer_to_agent"}
    assert operation(handover, scope="gcp.vertex.agent") is Operation.TOOL


def test_the_first_mastra_tells_runs_by_methods_and_names_agents_as_components() -> None:
    scope = "default-tracer"
    component = {"componentName": "weather_agent", "agent.generate.argument.0": '"hi"'}
    for name in ("agent.generate", "agent.stream", "agent.generateVNext", "agent.streamLegacy"):
        run = facts(component, name=name, scope=scope)
        assert (run.operation, run.agent) == (Operation.AGENT, "weather_agent")
    assert operation(component, name="agent.getMemoryTools", scope=scope) is None
    assert operation({}, name="agent.generate", scope=scope) is None
    assert operation({"componentName": "checkout"}, name="GET /cart", scope="my.app") is None


def test_a_loop_of_the_first_mastra_is_a_call_that_may_end_in_failure() -> None:
    loop = {
        "componentName": "weather_agent",
        "mastra.operationId": "mastra.stream",
        "aisdk.model.provider": "openai.chat",
        "aisdk.model.id": "gpt-4o-mini",
        "stream.usage.totalTokens": 3234,
        "stream.usage.inputTokens": 3100,
        "stream.usage.outputTokens": 134,
        "stream.usage.cachedInputTokens": 2026,
        "stream.response.finishReason": "stop",
    }
    told = facts(loop, name="mastra.stream", scope="my-service")
    assert (told.operation, told.provider) == (Operation.CHAT, "openai")
    assert (told.request_model, told.finish_reason) == ("gpt-4o-mini", "stop")
    assert told.usage == Usage(3100, 134, 2026)
    assert facts(loop | {"stream.response.finishReason": "error"}, scope="my-service").failed
    request = {"mastra.operationId": "mastra.stream.aisdk.doStream", "componentName": "a"}
    assert operation(request, scope="my-service") is Operation.STEP


@pytest.mark.parametrize(
    ("result", "message"),
    [
        ('{"message":"no wind","details":{},"code":"TOOL_EXECUTION_FAILED"}', "no wind"),
        ('{"sky":"sunny","note":"TOOL_EXECUTION_FAILED"}', None),
        ('{"sky":"sunny"}', None),
    ],
)
def test_a_tool_of_the_first_mastra_fails_by_its_result(result: str, message: str | None) -> None:
    own = facts(
        {
            "componentName": "weather_agent",
            "mastra.operationId": "mastra.stream.toolCall",
            "stream.toolCall.toolName": "get_weather",
            "stream.toolCall.toolCallId": "call_1",
            "stream.toolCall.result": result,
        },
        scope="my-service",
    )
    assert (own.operation, own.tool, own.error) == (Operation.TOOL, "get_weather", message)
    sdk = facts(
        {
            "componentName": "weather_agent",
            "ai.operationId": "ai.toolCall",
            "ai.toolCall.name": "get_weather",
            "ai.toolCall.result": result,
        },
        scope="my-service",
    )
    assert (sdk.tool, sdk.failed, sdk.error) == ("get_weather", message is not None, message)


@pytest.mark.parametrize("kind", ["swarm", "graph"])
def test_a_group_of_strands_is_not_named_by_its_kind(kind: str) -> None:
    scope = "strands.telemetry.tracer"
    group = {"gen_ai.operation.name": f"invoke_{kind}", "gen_ai.agent.name": kind}
    assert facts(group, name=f"invoke_{kind}", scope=scope).agent is None
    agent = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": kind}
    assert facts(agent, scope=scope).agent == kind
