"""AgentOps: `agentops.span.kind` on the spans of its decorators.

Source: the agentops package. Oddities: spans of the providers' clients carry no kind, only GenAI
attributes of the oldest names and `gen_ai.request.type`; a `tool_call.NAME` span below a call only
repeats what the model asked for; names stand in `agentops.entity.name`, or before the kind in the
span's name.
"""

from __future__ import annotations

from otel_bridge.conventions.reading import first_text
from otel_bridge.conventions.table import Convention, FactKeys
from otel_bridge.conventions.values import text_of
from otel_bridge.facts import Operation
from otel_bridge.record import SpanRecord

_NAME_KEYS = ("agent.name", "agentops.entity.name", "operation.name")


def _agent_name(record: SpanRecord) -> str | None:
    return first_text(record.attributes, _NAME_KEYS) or _own_name(record)


def _tool_name(record: SpanRecord) -> str | None:
    return first_text(record.attributes, ("agentops.entity.name",)) or _own_name(record)


def _own_name(record: SpanRecord) -> str | None:
    name, dot, _ = record.name.rpartition(".")
    return text_of(name if dot else record.name)


AGENTOPS = Convention(
    name="agentops",
    scopes=("agentops",),
    kind_key="agentops.span.kind",
    kinds={
        "session": Operation.WORKFLOW,
        "workflow": Operation.WORKFLOW,
        "agent": Operation.AGENT,
        "tool": Operation.TOOL,
        "llm": Operation.CHAT,
        "llm.call": Operation.CHAT,
    },
    other_kind=Operation.STEP,
    weak_kinds=frozenset({"unknown", "operation", "task", "http", "text"}),
    agent_name=_agent_name,
    tool_name=_tool_name,
    failed_when={
        "agentops.session.end_state": frozenset({"fail", "failure", "error"}),
        "tool.status": frozenset({"failed", "error"}),
    },
    keys=FactKeys(
        tool=("tool.name",),
        session=("workflow.session_id",),
        run_id=("workflow.run_id",),
        input=("agentops.entity.input", "tool.parameters"),
        output=("agentops.entity.output", "tool.result"),
    ),
)
