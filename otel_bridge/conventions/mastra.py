"""Mastra: `mastra.span.type` or span names, beside GenAI attributes.

Source: the @mastra/observability and @mastra/otel-exporter packages and the spans of @mastra/core
before them. Oddities: a call that failed ends with status OK and the finish reason `error`;
`model_generation` wraps the calls of one loop and `model_chunk` spans are its parts; older releases
name an agent only in the span's name, `agent.NAME`; a workflow has a name only there.
"""

from __future__ import annotations

from otel_bridge.conventions.table import Convention, Dialect, FactKeys
from otel_bridge.conventions.values import text_of
from otel_bridge.facts import Operation
from otel_bridge.record import SpanRecord

_SCOPES = ("@mastra/otel-exporter", "@mastra/core", "mastra")


def _agent_name(record: SpanRecord) -> str | None:
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
    kind_key="mastra.span.type",
    kinds={
        "agent_run": Operation.AGENT,
        "workflow_run": Operation.WORKFLOW,
        "tool_call": Operation.TOOL,
        "mcp_tool_call": Operation.TOOL,
    },
    weak_kinds=frozenset({"agent_run", "workflow_run", "tool_call", "mcp_tool_call"}),
    agent_name=_agent_name,
    keys=FactKeys(
        agent=("mastra.agent.name",),
        session=("mastra.metadata.sessionId", "mastra.metadata.threadId"),
        user=("mastra.metadata.userId",),
        input=("mastra.agent_run.input", "mastra.tool_call.input"),
        output=("mastra.agent_run.output", "mastra.tool_call.output"),
    ),
)
