"""LiveKit Agents: `lk.*` keys beside GenAI attributes, span names say what a span did.

Source: the livekit-agents package's telemetry. Oddities: older releases name no operation; newer
ones call the session a workflow named `agent_session`; `llm_node` stands around the `llm_request`
of the same call; a tool that failed says so in an attribute; content has keys with `pii` in them.
"""

from __future__ import annotations

from otel_bridge.conventions.table import Convention, Dialect, FactKeys
from otel_bridge.facts import Operation
from otel_bridge.record import SpanRecord

_SCOPES = ("livekit-agents",)
_NAMES = {
    "agent_session": Operation.WORKFLOW,
    "function_tool": Operation.TOOL,
    "llm_request": Operation.CHAT,
}


def _infer(record: SpanRecord) -> Operation | None:
    return _NAMES.get(record.name, Operation.STEP)


def _is_placeholder(_: SpanRecord, name: str) -> bool:
    return name in _NAMES


LIVEKIT_NAMES = Dialect(name="livekit", scopes=_SCOPES, is_placeholder=_is_placeholder)

LIVEKIT = Convention(
    name="livekit",
    scopes=_SCOPES,
    infer=_infer,
    failed_when={"lk.function_tool.is_error": frozenset({"true"})},
    keys=FactKeys(
        agent=("lk.agent_name", "lk.agent_label"),
        tool=("lk.function_tool.name",),
        tool_call_id=("lk.function_tool.id",),
        session=("lk.session_id", "lk.room_id"),
        input=("lk.pii.function_tool.arguments", "lk.function_tool.arguments"),
        output=("lk.pii.function_tool.output", "lk.function_tool.output", "lk.response.text"),
    ),
)
