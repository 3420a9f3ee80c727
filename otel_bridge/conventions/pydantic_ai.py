"""Pydantic AI, all instrumentation versions, and the spans of the Logfire SDK around it.

Source: the pydantic-ai packages 0.8 to 2 and the Logfire SDK. Oddities: up to 1.x the agent span is
`agent run` without an operation and carries the sum of its calls (of the whole run, where one usage
object is shared); from 2.0 that sum moved to `gen_ai.aggregated_usage.*`, which nobody counts;
`running tools` wraps the tool spans of one step; `gen_ai.usage.details.input_tokens` held a
provider's raw number and is never read. A Logfire pending span is a copy of a span that has just
started.
"""

from __future__ import annotations

from otel_bridge.conventions.table import Convention, FactKeys
from otel_bridge.facts import Operation
from otel_bridge.record import SpanRecord

_SCOPE = "pydantic-ai"


def _infer(record: SpanRecord) -> Operation | None:
    """Return the operation of a span of the older versions, which do not name it."""
    attributes = record.attributes
    if attributes.get("logfire.span_type") == "pending_span":
        return Operation.NOTHING
    if record.scope_name != _SCOPE or "gen_ai.operation.name" in attributes:
        return None
    if "gen_ai.tool.name" in attributes:
        return Operation.TOOL
    if "agent_name" in attributes:
        return Operation.AGENT
    return Operation.STEP if "tools" in attributes else None


PYDANTIC_AI = Convention(
    name="pydantic_ai",
    infer=_infer,
    keys=FactKeys(
        request_model=("model_name",),
        agent=("gen_ai.agent.name", "agent_name"),
        run_id=("gen_ai.agent.call.id", "pydantic_ai.run_id"),
        input=("tool_arguments",),
        output=("tool_response", "final_result"),
    ),
)
