"""OpenAI's Codex CLI: log records as spans or span events, and usage on the response's span.

Source: the codex-rs/otel crate. Oddities: counts of the log form are strings, except the cached
ones; `tool_token_count` is the total; no operation names a call, only its usage does.
"""

from __future__ import annotations

from otel_bridge.conventions.table import Convention, FactKeys, UsageKeys
from otel_bridge.facts import Operation
from otel_bridge.record import SpanRecord

_USAGE_MARKS = ("codex.usage.total_tokens", "codex.usage.reasoning_output_tokens")
_LOG_MARK = "input_token_count"


def _infer(record: SpanRecord) -> Operation | None:
    attributes = record.attributes
    if any(key in attributes for key in _USAGE_MARKS):
        return Operation.CHAT
    if not record.name.startswith("codex."):
        return None
    if record.name == "codex.tool_result":
        return Operation.TOOL
    return Operation.CHAT if _LOG_MARK in attributes else Operation.STEP


CODEX = Convention(
    name="codex",
    markers=_USAGE_MARKS,
    name_heads=frozenset({"codex"}),
    infer=_infer,
    is_guarded=True,
    failed_when={"success": frozenset({"false"})},
    usage=UsageKeys(
        tokens_in=("gen_ai.usage.input_tokens", _LOG_MARK),
        tokens_out=("gen_ai.usage.output_tokens", "output_token_count"),
        tokens_cache_read=("gen_ai.usage.cache_read.input_tokens", "cached_token_count"),
        tokens_reasoning=("codex.usage.reasoning_output_tokens", "reasoning_token_count"),
        total=("codex.usage.total_tokens",),
    ),
    keys=FactKeys(
        provider=("provider_name",),
        request_model=("model", "slug"),
        tool=("tool_name",),
        tool_call_id=("call_id",),
        session=("conversation.id",),
        error=("error.message",),
        input=("arguments",),
        output=("output",),
    ),
)
