"""Mastra: `mastra.span.type` or span names, beside GenAI attributes.

Source: the @mastra/observability and @mastra/otel-exporter packages and the spans of @mastra/core
before them. Oddities: a call that failed ends with status OK and the finish reason `error`;
`model_generation` wraps the calls of one loop and `model_chunk` spans are its parts; older releases
name an agent only in the span's name, `agent.NAME`; a workflow has a name only there. Before 0.20
the spans are those of methods, such as `agent.generate`, and name the agent as their component, in
scopes of any name; `mastra.stream` is a loop that tells the usage of its last call only, and a tool
that failed is told by its result. The AI SDK writes the rest.
"""

from __future__ import annotations

import re

from otel_bridge.conventions.table import Convention, Dialect, FactKeys, UsageKeys
from otel_bridge.conventions.values import object_of, text_of
from otel_bridge.facts import Operation
from otel_bridge.record import SpanRecord

_SCOPES = ("@mastra/otel-exporter", "@mastra/core", "mastra")
_COMPONENT = "componentName"
_OPERATION_ID = "mastra.operationId"
_RUN = re.compile(r"agent\.(?:generate|stream)(?:Legacy|VNext)?$")
_OPERATIONS = {
    "mastra.stream": Operation.CHAT,
    "mastra.stream.toolCall": Operation.TOOL,
}
_RESULTS = ("stream.toolCall.result", "ai.toolCall.result")
_TOOL_FAILED = "TOOL_EXECUTION_FAILED"


def _infer(record: SpanRecord) -> Operation | None:
    """Return what a method's span did; STEP for the single requests of a loop, without usage."""
    operation_id = text_of(record.attributes.get(_OPERATION_ID))
    if operation_id is not None:
        return _OPERATIONS.get(operation_id, Operation.STEP)
    is_run = _COMPONENT in record.attributes and _RUN.match(record.name)
    return Operation.AGENT if is_run else None


def _failure(record: SpanRecord, operation: Operation) -> str | None:
    """Return the message of a tool that failed, which its result tells and nothing else."""
    if operation is not Operation.TOOL:
        return None
    for key in _RESULTS:
        result = record.attributes.get(key)
        if isinstance(result, str) and _TOOL_FAILED in result:
            told = object_of(result)
            if told.get("code") == _TOOL_FAILED:
                return text_of(told.get("message")) or _TOOL_FAILED
    return None


def _agent_name(record: SpanRecord) -> str | None:
    if component := text_of(record.attributes.get(_COMPONENT)):
        return component
    name = record.name.removeprefix("agent.")
    return text_of(name) if name != record.name else None


def _workflow_name(record: SpanRecord) -> str | None:
    told = text_of(record.attributes.get("gen_ai.agent.name"))
    kind, _, name = record.name.partition(" ")
    return told or (text_of(name) if kind == "invoke_workflow" else None)


MASTRA_WORKFLOW = Dialect(name="mastra", scopes=_SCOPES, agent_name=_workflow_name)

MASTRA = Convention(
    name="mastra",
    scopes=_SCOPES,
    markers=(_OPERATION_ID, _COMPONENT),
    kind_key="mastra.span.type",
    kinds={
        "agent_run": Operation.AGENT,
        "workflow_run": Operation.WORKFLOW,
        "tool_call": Operation.TOOL,
        "mcp_tool_call": Operation.TOOL,
    },
    weak_kinds=frozenset({"agent_run", "workflow_run", "tool_call", "mcp_tool_call"}),
    infer=_infer,
    agent_name=_agent_name,
    failure=_failure,
    usage=UsageKeys(
        tokens_in=("stream.usage.inputTokens",),
        tokens_out=("stream.usage.outputTokens",),
        tokens_cache_read=("stream.usage.cachedInputTokens",),
        tokens_reasoning=("stream.usage.reasoningTokens",),
        total=("stream.usage.totalTokens",),
    ),
    keys=FactKeys(
        provider=("aisdk.model.provider",),
        request_model=("aisdk.model.id",),
        response_model=("stream.response.model",),
        tool=("stream.toolCall.toolName",),
        tool_call_id=("stream.toolCall.toolCallId",),
        finish_reason=("stream.response.finishReason",),
        agent=("mastra.agent.name",),
        session=("mastra.metadata.sessionId", "mastra.metadata.threadId"),
        user=("mastra.metadata.userId",),
        input=(
            "mastra.agent_run.input",
            "mastra.tool_call.input",
            "stream.toolCall.args",
            "stream.prompt.messages",
        ),
        output=(
            "mastra.agent_run.output",
            "mastra.tool_call.output",
            "stream.toolCall.result",
            "stream.response.text",
        ),
    ),
)
