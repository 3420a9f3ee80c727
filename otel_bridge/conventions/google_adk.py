"""Google's Agent Development Kit: GenAI attributes and `gcp.vertex.agent.*`.

Source: the google-adk package's telemetry modules, 1.x (schema 1) and 2.x (schema 2). Oddities: in
schema 1 only span names tell runs and agents, and a failed call or tool has no attribute at all;
after parallel tools there is one more tool span that merges their answers; `call_llm` may stand
around the `generate_content` of the same call; the provider is named only by the model; sessions
and invocations have keys of their own.
"""

from __future__ import annotations

import re

from otel_bridge.conventions.table import Convention, FactKeys
from otel_bridge.conventions.values import text_of
from otel_bridge.facts import Operation
from otel_bridge.record import SpanRecord

_AGENT_NAME = re.compile(r"agent_run \[(.+)\]$")
_TOOL_PREFIX = "execute_tool "
_MERGED = "(merged tools)"
_NAMES = {
    "invocation": Operation.WORKFLOW,
    "agent_run": Operation.AGENT,
    "invoke_agent": Operation.AGENT,
    "call_llm": Operation.CHAT,
    "generate_content": Operation.CHAT,
    "execute_tool": Operation.TOOL,
    "send_data": Operation.STEP,
    "handle_context_caching": Operation.STEP,
    "create_cache": Operation.STEP,
}


def _infer(record: SpanRecord) -> Operation | None:
    """Return what the span's name tells where no operation does; STEP for merged tools."""
    attributes = record.attributes
    is_merged = record.name == f"{_TOOL_PREFIX}(merged)"
    if is_merged or attributes.get("gen_ai.tool.name") == _MERGED:
        return Operation.STEP
    if "gen_ai.operation.name" in attributes:
        return None
    return _NAMES.get(record.name.partition(" ")[0])


def _agent_name(record: SpanRecord) -> str | None:
    found = _AGENT_NAME.match(record.name)
    return text_of(found.group(1)) if found else None


def _tool_name(record: SpanRecord) -> str | None:
    is_tool = record.name.startswith(_TOOL_PREFIX)
    return text_of(record.name.removeprefix(_TOOL_PREFIX)) if is_tool else None


GOOGLE_ADK = Convention(
    name="google_adk",
    scopes=("gcp.vertex.agent",),
    infer=_infer,
    agent_name=_agent_name,
    tool_name=_tool_name,
    keys=FactKeys(
        session=("gcp.vertex.agent.session_id",),
        run_id=("gcp.vertex.agent.invocation_id",),
        input=("gcp.vertex.agent.tool_call_args", "gcp.vertex.agent.llm_request"),
        output=("gcp.vertex.agent.tool_response", "gcp.vertex.agent.llm_response"),
    ),
)
