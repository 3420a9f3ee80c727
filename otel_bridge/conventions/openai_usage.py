"""OpenAI's usage object, as several tracers copy it into one attribute.

Source: the OpenAI API reference. Chat Completions says `prompt_tokens` and `completion_tokens`,
Responses `input_tokens` and `output_tokens`; input includes cached and output reasoning tokens.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from otel_bridge.conventions.table import ReportedUsage, UsageKeys, usage_in
from otel_bridge.conventions.values import count_of, object_of

_KEYS = UsageKeys(
    tokens_in=("prompt_tokens", "input_tokens"),
    tokens_out=("completion_tokens", "output_tokens"),
    total=("total_tokens",),
)
_INPUT_DETAILS = ("prompt_tokens_details", "input_tokens_details")
_OUTPUT_DETAILS = ("completion_tokens_details", "output_tokens_details")


def is_openai_usage(told: Mapping[str, Any]) -> bool:
    """Whether the keys are OpenAI's and nobody else's."""
    return "prompt_tokens" in told or any(k in told for k in _INPUT_DETAILS + _OUTPUT_DETAILS)


def openai_usage(told: Mapping[str, Any]) -> ReportedUsage | None:
    """Return the tokens of such an object; None where it tells neither in nor out."""
    usage = usage_in(told, _KEYS)
    if usage is None:
        return None
    of_input, of_output = _details(told, _INPUT_DETAILS), _details(told, _OUTPUT_DETAILS)
    return ReportedUsage(
        tokens_in=usage.tokens_in,
        tokens_out=usage.tokens_out,
        tokens_cache_read=count_of(of_input.get("cached_tokens")),
        tokens_cache_write=count_of(
            of_input.get("cache_write_tokens") or of_input.get("cache_creation_tokens")
        ),
        tokens_reasoning=count_of(of_output.get("reasoning_tokens")),
        total=usage.total,
    )


def _details(told: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {key: value for name in names for key, value in object_of(told.get(name)).items()}
