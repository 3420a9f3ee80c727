"""The OpenAI Agents SDK, through its tracers: OpenInference, OpenLLMetry, OpenTelemetry's own.

Source: openinference-instrumentation-openai-agents, opentelemetry-instrumentation-openai-agents and
-openai-agents-v2. Oddities: the root is an agent's span by its kind, but named after the trace; a
hand-over is a tool's span without a tool's name; calls and tools carry the placeholder
`OpenAI Agent`; the SDK's own task and turn spans are operations `unknown`.
"""

from __future__ import annotations

from otel_bridge.conventions.reading import first_text
from otel_bridge.conventions.table import Dialect
from otel_bridge.facts import Operation
from otel_bridge.record import SpanRecord

_AGENT_KEYS = ("agent.name", "graph.node.name", "graph.node.id", "gen_ai.agent.name")


def _refine(record: SpanRecord, operation: Operation) -> Operation:
    """Return STEP for a hand-over: only a function that ran has a tool's name."""
    has_name = first_text(record.attributes, ("tool.name", "gen_ai.tool.name")) is not None
    return Operation.STEP if operation is Operation.TOOL and not has_name else operation


def _is_placeholder(record: SpanRecord, name: str) -> bool:
    """Whether a name is the trace's, which no key tells."""
    return first_text(record.attributes, _AGENT_KEYS) != name


OPENAI_AGENTS = Dialect(
    name="openai_agents",
    scopes=("openinference.instrumentation.openai_agents",),
    refine=_refine,
    is_placeholder=_is_placeholder,
)
