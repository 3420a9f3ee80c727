"""Claude Code's own spans (beta): `claude_code.*` names and bare keys.

Source: the attribute names in the released command-line program. Oddities: keys are bare words such
as `input_tokens`, which mean something only under this detection; input leaves out cached tokens;
there is no cost; success is an attribute, not a status; waiting, hooks and sub-processes of a tool
have spans of their own.
"""

from __future__ import annotations

from otel_bridge.conventions.table import Convention, FactKeys, UsageKeys
from otel_bridge.facts import Operation
from otel_bridge.record import SpanRecord

_PREFIX = "claude_code."
_NAMES = {
    "interaction": Operation.AGENT,
    "llm_request": Operation.CHAT,
    "tool": Operation.TOOL,
}


def _infer(record: SpanRecord) -> Operation | None:
    if not record.name.startswith(_PREFIX):
        return None
    return _NAMES.get(record.name.removeprefix(_PREFIX), Operation.STEP)


CLAUDE_CODE = Convention(
    name="claude_code",
    scopes=("com.anthropic.claude_code",),
    name_heads=frozenset({"claude_code"}),
    infer=_infer,
    is_guarded=True,
    failed_when={"success": frozenset({"false"})},
    usage=UsageKeys(
        tokens_in=("input_tokens",),
        tokens_out=("output_tokens",),
        tokens_cache_read=("cache_read_tokens",),
        tokens_cache_write=("cache_creation_tokens",),
        tokens_cache_write_1h=("cache_creation_1h_tokens",),
    ),
    keys=FactKeys(
        request_model=("model",),
        agent=("agent_name",),
        tool=("tool_name",),
        tool_call_id=("tool_use_id",),
        finish_reason=("stop_reason",),
        cost_usd=("cost_usd",),
        error=("error",),
        input=("tool_input", "tool_parameters"),
    ),
)
