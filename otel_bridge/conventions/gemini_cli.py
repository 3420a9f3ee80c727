"""Gemini CLI: operations of its own, and log records with bare keys.

Source: the gemini-cli repository's telemetry. Oddities: `gen_ai.agent.name` is the program's on
every span, whatever it did; output leaves out thoughts, which only the log form and its total tell;
each answer is logged twice.
"""

from __future__ import annotations

from otel_bridge.conventions.table import Convention, FactKeys, UsageKeys
from otel_bridge.facts import Operation
from otel_bridge.record import SpanRecord

_NAMES = {
    "gemini_cli.api_response": Operation.CHAT,
    "gemini_cli.api_error": Operation.CHAT,
    "gemini_cli.tool_call": Operation.TOOL,
}


def _infer(record: SpanRecord) -> Operation | None:
    if not record.name.startswith("gemini_cli."):
        return None
    return _NAMES.get(record.name, Operation.STEP)


GEMINI_CLI = Convention(
    name="gemini_cli",
    scopes=("gemini-cli",),
    name_heads=frozenset({"gemini_cli"}),
    infer=_infer,
    is_guarded=True,
    failed_when={"success": frozenset({"false"})},
    usage=UsageKeys(
        tokens_in=("gen_ai.usage.input_tokens", "input_token_count"),
        tokens_out=("gen_ai.usage.output_tokens", "output_token_count"),
        tokens_cache_read=("cached_content_token_count",),
        tokens_reasoning=("thoughts_token_count",),
        total=("total_token_count",),
    ),
    keys=FactKeys(
        request_model=("model",),
        tool=("function_name",),
        error=("error", "error.message"),
        error_type=("error_type",),
        input=("function_args",),
    ),
)
