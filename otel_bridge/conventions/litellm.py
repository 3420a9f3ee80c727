"""The OpenTelemetry callback of LiteLLM: GenAI attributes, and a copy of the provider's answer.

Source: the litellm package's integrations. Oddities: with a span already open, a call's attributes
are written onto that span, whatever it was, so that the second call overwrites the first; the child
`raw_gen_ai_request` then is the only witness of each call. Its usage is the text of a Python dict,
the provider's own: Anthropic's input leaves out cached tokens.
"""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import Any

from otel_bridge.conventions.openai_usage import openai_usage
from otel_bridge.conventions.table import Convention, FactKeys, ReportedUsage, UsageKeys, usage_in
from otel_bridge.conventions.values import text_of
from otel_bridge.facts import Operation
from otel_bridge.record import SpanRecord

_CALL_ID = "litellm.call_id"
_RAW = "raw_gen_ai_request"
_LONGEST_LITERAL = 10_000
_ANTHROPIC_KEYS = UsageKeys(
    tokens_in=("input_tokens",),
    tokens_out=("output_tokens",),
    tokens_cache_read=("cache_read_input_tokens",),
    tokens_cache_write=("cache_creation_input_tokens",),
)


def _infer(record: SpanRecord) -> Operation | None:
    """Return AGENT for an agent's span that was written over, CHAT for a copy that tells usage."""
    if record.scope_name != "litellm":
        names_agent = "gen_ai.agent.name" in record.attributes
        return Operation.AGENT if names_agent and _CALL_ID in record.attributes else None
    if record.name != _RAW:
        return None
    return Operation.CHAT if _read_usage(record) else Operation.NOTHING


def _answer(record: SpanRecord, field: str) -> Any:
    """Return a field of the provider's answer, `llm.<provider>.<field>`."""
    if record.name != _RAW:
        return None
    return next(
        (
            value
            for key, value in record.attributes.items()
            if key.startswith("llm.") and key.endswith(f".{field}") and key.count(".") == 2
        ),
        None,
    )


def _read_usage(record: SpanRecord) -> ReportedUsage | None:
    text = _answer(record, "usage")
    if not isinstance(text, str) or len(text) > _LONGEST_LITERAL:
        return None
    try:
        told = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    if not isinstance(told, dict):
        return None
    return _anthropic_usage(told) if "cache_read_input_tokens" in told else openai_usage(told)


def _anthropic_usage(told: dict[str, Any]) -> ReportedUsage | None:
    usage = usage_in(told, _ANTHROPIC_KEYS)
    if usage is None or usage.tokens_in is None:
        return usage
    cached = (usage.tokens_cache_read or 0) + (usage.tokens_cache_write or 0)
    return replace(usage, tokens_in=usage.tokens_in + cached)


def _read_model(record: SpanRecord) -> str | None:
    return text_of(_answer(record, "model"))


def _response_id(record: SpanRecord) -> str | None:
    return text_of(_answer(record, "id"))


LITELLM = Convention(
    name="litellm",
    scopes=("litellm",),
    infer=_infer,
    response_id=_response_id,
    read_usage=_read_usage,
    read_model=_read_model,
    keys=FactKeys(cost_usd=("litellm.cost.total", "gen_ai.cost.total_cost")),
)
