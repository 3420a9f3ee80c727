"""Google's Agent Development Kit: GenAI attributes and `gcp.vertex.agent.*`.

Source: the google-adk package's telemetry module. Oddities: after parallel tools it writes one more
tool span that merges their answers; sessions and invocations have keys of their own.
"""

from __future__ import annotations

from otel_bridge.conventions.table import Convention, FactKeys
from otel_bridge.facts import Operation
from otel_bridge.record import SpanRecord


def _infer(record: SpanRecord) -> Operation | None:
    """Return STEP for the span that merges parallel tools: it executed none."""
    is_merged = record.attributes.get("gen_ai.tool.name") == "(merged tools)"
    return Operation.STEP if is_merged else None


GOOGLE_ADK = Convention(
    name="google_adk",
    scopes=("gcp.vertex.agent",),
    infer=_infer,
    keys=FactKeys(
        session=("gcp.vertex.agent.session_id",),
        run_id=("gcp.vertex.agent.invocation_id",),
        input=("gcp.vertex.agent.tool_call_args", "gcp.vertex.agent.llm_request"),
        output=("gcp.vertex.agent.tool_response", "gcp.vertex.agent.llm_response"),
    ),
)
