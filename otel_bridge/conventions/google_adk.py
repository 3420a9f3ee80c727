"""Google's Agent Development Kit: GenAI attributes and `gcp.vertex.agent.*`.

Source: the google-adk package's telemetry modules, 1.x (schema 1) and 2.x (schema 2). Oddities: in
schema 1 only span names tell runs and agents, and a failed call or tool has no attribute at all;
the first releases name tools `tool_call [NAME]`, with a `tool_response [NAME]` beside each, and
later ones told the total of tokens as output; after parallel tools there is one more tool span that
merges their answers; `call_llm` may stand around the `generate_content` of the same call; the
provider is named only by the model; sessions and invocations have keys of their own.
"""

from __future__ import annotations

import re

from otel_bridge.conventions.raw_usage import usage_objects, usage_of_provider
from otel_bridge.conventions.table import Convention, FactKeys, Inside, ReportedUsage
from otel_bridge.conventions.values import count_of, text_of
from otel_bridge.facts import Operation
from otel_bridge.record import SpanRecord

_AGENT_NAME = re.compile(r"agent_run \[(.+)\]$")
_TOOL_NAME = re.compile(r"tool_call \[(.+)\]$")
_TOOL_PREFIX = "execute_tool "
_OUTPUT = "gen_ai.usage.output_tokens"
_ANSWER = "gcp.vertex.agent.llm_response"
_MERGED = "(merged tools)"
_NAMES = {
    "invocation": Operation.WORKFLOW,
    "agent_run": Operation.AGENT,
    "invoke_agent": Operation.AGENT,
    "call_llm": Operation.CHAT,
    "generate_content": Operation.CHAT,
    "execute_tool": Operation.TOOL,
    "tool_call": Operation.TOOL,
    "tool_response": Operation.STEP,
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
    if record.name.startswith(_TOOL_PREFIX):
        return text_of(record.name.removeprefix(_TOOL_PREFIX))
    found = _TOOL_NAME.match(record.name)
    return text_of(found.group(1)) if found else None


def _read_usage(record: SpanRecord) -> ReportedUsage | None:
    """Return the answer's own counts where the span told their total as output."""
    output = count_of(record.attributes.get(_OUTPUT))
    if output is None:
        return None
    for told in usage_objects(record.attributes.get(_ANSWER)):
        usage = usage_of_provider(told)
        if usage is not None and output == usage.total != usage.tokens_out:
            return usage
    return None


GOOGLE_ADK = Convention(
    name="google_adk",
    scopes=("gcp.vertex.agent",),
    infer=_infer,
    agent_name=_agent_name,
    tool_name=_tool_name,
    usage_inside=Inside(_read_usage, (_ANSWER,)),
    keys=FactKeys(
        session=("gcp.vertex.agent.session_id",),
        run_id=("gcp.vertex.agent.invocation_id",),
        input=("gcp.vertex.agent.tool_call_args", "gcp.vertex.agent.llm_request"),
        output=("gcp.vertex.agent.tool_response", _ANSWER),
    ),
)
