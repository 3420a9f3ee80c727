"""Gemini CLI: log records `gemini_cli.*`, written whether tracing is on or not.

Source: the gemini-cli repository's telemetry. Oddities: `output_token_count` leaves out thoughts,
which are paid for like output; the tokens that tools put into the prompt stand beside the input;
an absent count is 0; the keys of errors are doubled (`error` and `error.message`); each answer is
told once more by `gen_ai.client.inference.operation.details`, with less, which is ignored here.
"""

from __future__ import annotations

from otel_bridge.conventions.logs.table import (
    LogConvention,
    count_under,
    doubts_of_call,
    is_false,
    status_code_in,
    sum_of,
)
from otel_bridge.conventions.reading import first_listed_text, first_text, first_value
from otel_bridge.conventions.table import Attributes
from otel_bridge.conventions.values import text_of
from otel_bridge.facts import Operation, SpanFacts, Usage, UsageBasis
from otel_bridge.pricing.providers import provider_of

_NAME = "gemini_cli"
_COUNTS = (
    "input_token_count",
    "output_token_count",
    "cached_content_token_count",
    "thoughts_token_count",
    "tool_token_count",
)
_ERROR = ("error.message", "error")
_ERROR_TYPE = ("error.type", "error_type")


def _response(attributes: Attributes) -> SpanFacts:
    model = text_of(attributes.get("model"))
    usage = _usage(attributes)
    return SpanFacts(
        convention=_NAME,
        operation=Operation.CHAT,
        provider=provider_of(None, model),
        response_model=model,
        usage=usage,
        session=text_of(attributes.get("session.id")),
        user=_user(attributes),
        finish_reason=first_listed_text(attributes, ("finish_reasons",)),
        usage_basis=UsageBasis.EMITTER_TABLE,
        warnings=doubts_of_call(model, usage.tokens_in, attributes=attributes, counts=_COUNTS),
    )


def _usage(attributes: Attributes) -> Usage:
    """Return the tokens; none where the answer told only zeros."""
    prompt = count_under(attributes, "input_token_count")
    tokens_in = sum_of(prompt, count_under(attributes, "tool_token_count"))
    thoughts = count_under(attributes, "thoughts_token_count")
    tokens_out = sum_of(count_under(attributes, "output_token_count"), thoughts)
    if not tokens_in and not tokens_out:
        return Usage()
    return Usage(
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        tokens_cache_read=count_under(attributes, "cached_content_token_count"),
        tokens_reasoning=thoughts,
    )


def _failed_request(attributes: Attributes) -> SpanFacts:
    model = first_text(attributes, ("model", "model_name"))
    status = status_code_in(attributes, "status_code", "http.status_code")
    return SpanFacts(
        convention=_NAME,
        operation=Operation.CHAT,
        provider=provider_of(None, model),
        response_model=model,
        session=text_of(attributes.get("session.id")),
        user=_user(attributes),
        failed=True,
        error=first_text(attributes, _ERROR) or status,
        error_type=first_text(attributes, _ERROR_TYPE) or status,
    )


def _tool(attributes: Attributes) -> SpanFacts | None:
    tool = text_of(attributes.get("function_name"))
    if tool is None:
        return None
    failed = is_false(attributes.get("success"))
    return SpanFacts(
        convention=_NAME,
        operation=Operation.TOOL,
        tool=tool,
        session=text_of(attributes.get("session.id")),
        user=_user(attributes),
        failed=failed,
        error=first_text(attributes, _ERROR) if failed else None,
        error_type=first_text(attributes, _ERROR_TYPE) if failed else None,
        input=first_value(attributes, ("function_args",)),
    )


def _user(attributes: Attributes) -> str | None:
    return first_text(attributes, ("user.email", "installation.id"))


GEMINI_CLI_LOGS = LogConvention(
    head="gemini_cli.",
    readers={
        "api_response": _response,
        "api_error": _failed_request,
        "tool_call": _tool,
    },
)
