"""LiveKit Agents: `lk.*` keys beside GenAI attributes, span names say what a span did.

Source: the livekit-agents package's telemetry. Oddities: `llm_node` stands around the `llm_request`
of the same call; a tool that failed says so in an attribute.
"""

from __future__ import annotations

from otel_bridge.conventions.table import Convention, FactKeys
from otel_bridge.facts import Operation
from otel_bridge.record import SpanRecord

_NAMES = {
    "agent_session": Operation.AGENT,
    "function_tool": Operation.TOOL,
    "llm_request": Operation.CHAT,
}


def _infer(record: SpanRecord) -> Operation | None:
    return _NAMES.get(record.name, Operation.STEP)


LIVEKIT = Convention(
    name="livekit",
    scopes=("livekit-agents",),
    infer=_infer,
    failed_when={"lk.function_tool.is_error": frozenset({"true"})},
    keys=FactKeys(
        agent=("lk.agent_name", "lk.agent_label"),
        tool=("lk.function_tool.name",),
        tool_call_id=("lk.function_tool.id",),
        session=("lk.session_id", "lk.room_id"),
        input=("lk.function_tool.arguments",),
        output=("lk.function_tool.output", "lk.response.text"),
    ),
)
