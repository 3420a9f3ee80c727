"""Claude Code's events: log records `claude_code.*` with bare keys.

Source: Anthropic's monitoring reference and records of the released program. Oddities: the body
holds the whole name and `event.name` the name without its head; counts, costs and durations are
numbers on one event and texts on another; input leaves out cached tokens; `request_id` (only where
Anthropic's own API answers) is what the span calls `gen_ai.response.id`; `[1m]` after a model asks
for a larger context and is no part of its name; a tool that failed is a failure here and none on
its span; `api_retries_exhausted` repeats the last `api_error`. The cost is reckoned by the
program's own list, also for models that it does not know.
"""

from __future__ import annotations

from decimal import Decimal

from otel_bridge.conventions.logs.table import (
    LogConvention,
    count_under,
    doubts_of_call,
    is_false,
    status_code_in,
    sum_of,
)
from otel_bridge.conventions.reading import first_text, first_value
from otel_bridge.conventions.table import Attributes
from otel_bridge.conventions.values import money_of, text_of
from otel_bridge.facts import Operation, SpanFacts, Usage, UsageBasis
from otel_bridge.pricing.providers import provider_of

_NAME = "claude_code"
_COUNTS = (
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_creation_tokens",
    "cache_creation_1h_tokens",
)
_LARGE_CONTEXT = "[1m]"


def _request(attributes: Attributes) -> SpanFacts:
    model = _model(attributes)
    usage = _usage(attributes)
    return SpanFacts(
        convention=_NAME,
        operation=Operation.CHAT,
        provider=provider_of(None, model),
        response_model=model,
        usage=usage,
        cost_usd=_cost(attributes),
        response_id=text_of(attributes.get("request_id")),
        session=text_of(attributes.get("session.id")),
        user=_user(attributes),
        usage_basis=UsageBasis.EMITTER_TABLE,
        warnings=doubts_of_call(model, usage.tokens_in, attributes=attributes, counts=_COUNTS),
    )


def _usage(attributes: Attributes) -> Usage:
    """Return the tokens; the input is put together from its parts."""
    cache_read = count_under(attributes, "cache_read_tokens")
    cache_write = count_under(attributes, "cache_creation_tokens")
    return Usage(
        tokens_in=sum_of(count_under(attributes, "input_tokens"), cache_read, cache_write),
        tokens_out=count_under(attributes, "output_tokens"),
        tokens_cache_read=cache_read,
        tokens_cache_write=cache_write,
        tokens_cache_write_1h=count_under(attributes, "cache_creation_1h_tokens"),
    )


def _cost(attributes: Attributes) -> Decimal | None:
    """Return USD, from millionths where only these are told."""
    if cost_usd := money_of(attributes.get("cost_usd")):
        return cost_usd
    # Not `money_of`: its limit is one of dollars.
    micros = count_under(attributes, "cost_usd_micros")
    return money_of(str(Decimal(micros).scaleb(-6))) if micros else None


def _failed_request(attributes: Attributes) -> SpanFacts:
    model = _model(attributes)
    status = status_code_in(attributes, "status_code")
    return SpanFacts(
        convention=_NAME,
        operation=Operation.CHAT,
        provider=provider_of(None, model),
        response_model=model,
        response_id=text_of(attributes.get("request_id")),
        session=text_of(attributes.get("session.id")),
        user=_user(attributes),
        failed=True,
        error=first_text(attributes, ("error", "error.message")) or status,
        error_type=first_text(attributes, ("error_type", "error.type")) or status,
    )


def _tool(attributes: Attributes) -> SpanFacts | None:
    tool = text_of(attributes.get("tool_name"))
    if tool is None:
        return None
    failed = is_false(attributes.get("success"))
    return SpanFacts(
        convention=_NAME,
        operation=Operation.TOOL,
        tool=tool,
        tool_call_id=text_of(attributes.get("tool_use_id")),
        session=text_of(attributes.get("session.id")),
        user=_user(attributes),
        failed=failed,
        error=first_text(attributes, ("error", "error_type")) if failed else None,
        error_type=first_text(attributes, ("error_type", "error_class")) if failed else None,
        input=first_value(attributes, ("tool_input", "tool_parameters")),
    )


def _model(attributes: Attributes) -> str | None:
    told = text_of(attributes.get("model"))
    return None if told is None else told.removesuffix(_LARGE_CONTEXT) or None


def _user(attributes: Attributes) -> str | None:
    return first_text(attributes, ("user.id", "user.account_uuid", "user.email"))


CLAUDE_CODE_LOGS = LogConvention(
    head="claude_code.",
    scopes=("com.anthropic.claude_code",),
    readers={
        "api_request": _request,
        "api_error": _failed_request,
        "tool_result": _tool,
    },
)
