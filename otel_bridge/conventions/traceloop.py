"""OpenLLMetry, of Traceloop: `traceloop.span.kind` on the decorators' and frameworks' spans.

Source: the OpenLLMetry packages and `opentelemetry-semantic-conventions-ai`. Oddities: model calls
carry no kind, only GenAI attributes (or `llm.request.type` before them); the name of the workflow
and of the agent is copied onto every span below; tasks may call themselves `invoke_agent`, so the
kind goes before the operation; `create_agent` announces an agent and runs none.
"""

from __future__ import annotations

from otel_bridge.conventions.reading import first_text
from otel_bridge.conventions.table import Convention, FactKeys
from otel_bridge.facts import Operation
from otel_bridge.record import SpanRecord


def _refine(record: SpanRecord, operation: Operation) -> Operation:
    """Return STEP for a span that only announces an agent."""
    announced = first_text(record.attributes, ("gen_ai.operation.name",)) == "create_agent"
    return Operation.STEP if announced and operation.is_agent else operation


def _agent_name(record: SpanRecord) -> str | None:
    """Return the entity's own name: the GenAI agent name may be one copied from above."""
    return first_text(record.attributes, ("traceloop.entity.name", "gen_ai.agent.name"))


TRACELOOP = Convention(
    name="traceloop",
    kind_key="traceloop.span.kind",
    kinds={
        "workflow": Operation.WORKFLOW,
        "agent": Operation.AGENT,
        "tool": Operation.TOOL,
        "task": Operation.STEP,
        "handoff": Operation.STEP,
        "unknown": Operation.STEP,
    },
    other_kind=Operation.STEP,
    markers=("gen_ai.task.status",),
    failed_when={"gen_ai.task.status": frozenset({"failure", "error"})},
    weak_kinds=frozenset({"unknown"}),
    refine=_refine,
    agent_name=_agent_name,
    keys=FactKeys(
        tool=("gen_ai.tool.name", "traceloop.entity.name"),
        session=(
            "traceloop.association.properties.session_id",
            "traceloop.association.properties.thread_id",
            "traceloop.association.properties.conversation_id",
        ),
        user=("traceloop.association.properties.user_id",),
        input=("traceloop.entity.input",),
        output=("traceloop.entity.output",),
    ),
)
