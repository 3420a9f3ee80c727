"""Pydantic AI, all instrumentation versions.

Source: the pydantic-ai packages 0.8 to 2. Oddities: up to 1.x the agent span is `agent run` without
an operation and carries the sum of its calls (of the whole run, where one usage object is shared);
from 2.0 that sum moved to `gen_ai.aggregated_usage.*`, which nobody counts; `running tools` wraps
the tool spans of one step; `gen_ai.usage.details.input_tokens` held a provider's raw number and is
never read.
"""

from __future__ import annotations

from otel_bridge.conventions.table import Convention, FactKeys
from otel_bridge.facts import Operation
from otel_bridge.record import SpanRecord


def _infer(record: SpanRecord) -> Operation | None:
    """Return the operation of a span of the older versions, which do not name it."""
    attributes = record.attributes
    if "gen_ai.operation.name" in attributes:
        return None
    if "gen_ai.tool.name" in attributes:
        return Operation.TOOL
    if "agent_name" in attributes:
        return Operation.AGENT
    return Operation.STEP if "tools" in attributes else None


PYDANTIC_AI = Convention(
    name="pydantic_ai",
    scopes=("pydantic-ai",),
    infer=_infer,
    is_guarded=True,
    keys=FactKeys(
        request_model=("model_name",),
        agent=("gen_ai.agent.name", "agent_name"),
        run_id=("gen_ai.agent.call.id", "pydantic_ai.run_id"),
        input=("tool_arguments",),
        output=("tool_response", "final_result"),
    ),
)
