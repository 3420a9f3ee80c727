"""OpenAI's Codex CLI: log records `codex.*`, its only telling of calls unless tracing is on.

Source: the codex-rs/otel crate. Oddities: the record's own name is a place in the source, the
event's stands in `event.name`; counts are texts, except those of cached and reasoning tokens;
`tool_token_count` is the total; the request is told when its headers arrive and the usage when the
stream ends, without duration, id and model that answered; a stream may fail after its request
succeeded; the logs' resource has the host's name, the spans' has not.
"""

from __future__ import annotations

from otel_bridge.conventions.logs.table import (
    LogConvention,
    count_under,
    doubts_of_call,
    is_false,
    status_code_in,
)
from otel_bridge.conventions.reading import first_text, first_value
from otel_bridge.conventions.table import Attributes
from otel_bridge.conventions.values import text_of
from otel_bridge.facts import Operation, SpanFacts, Usage, UsageBasis
from otel_bridge.pricing.providers import provider_of

_NAME = "codex"
_COUNTS = (
    "input_token_count",
    "output_token_count",
    "cached_token_count",
    "reasoning_token_count",
)
_COMPLETED = "response.completed"
#: Streams that ended without an answer; "" is one that broke or fell silent.
_BROKEN = frozenset({_COMPLETED, "response.failed", ""})
#: Requests of the same log that no model answers.
_NO_MODELS = frozenset({"models"})
_STATUS = "http.response.status_code"


def _stream_event(attributes: Attributes) -> SpanFacts | None:
    """Return the call that an event of its stream ends: with its usage, or as a failure."""
    kind = text_of(attributes.get("event.kind")) or ""
    error = text_of(attributes.get("error.message"))
    if error is not None:
        return _failed_call(attributes, error, kind or None) if kind in _BROKEN else None
    if kind != _COMPLETED or "input_token_count" not in attributes:
        return None
    return _answered(attributes)


def _answered(attributes: Attributes) -> SpanFacts:
    model = _model(attributes)
    usage = Usage(
        tokens_in=count_under(attributes, "input_token_count"),
        tokens_out=count_under(attributes, "output_token_count"),
        tokens_cache_read=count_under(attributes, "cached_token_count"),
        tokens_reasoning=count_under(attributes, "reasoning_token_count"),
    )
    return SpanFacts(
        convention=_NAME,
        operation=Operation.CHAT,
        provider=provider_of(None, model),
        request_model=model,
        usage=usage,
        session=text_of(attributes.get("conversation.id")),
        user=_user(attributes),
        usage_basis=UsageBasis.EMITTER_TABLE,
        warnings=doubts_of_call(model, usage.tokens_in, attributes=attributes, counts=_COUNTS),
    )


def _request(attributes: Attributes) -> SpanFacts | None:
    """Return the call that was refused; None for one whose stream tells the rest."""
    endpoint = text_of(attributes.get("endpoint")) or ""
    if endpoint.strip("/") in _NO_MODELS:
        return None
    status = status_code_in(attributes, _STATUS)
    error = text_of(attributes.get("error.message"))
    if (error is None and status is None) or (status is not None and int(status) < 400):
        return None
    return _failed_call(attributes, error or status, status)


def _failed_call(attributes: Attributes, error: str | None, error_type: str | None) -> SpanFacts:
    model = _model(attributes)
    return SpanFacts(
        convention=_NAME,
        operation=Operation.CHAT,
        provider=provider_of(None, model),
        request_model=model,
        session=text_of(attributes.get("conversation.id")),
        user=_user(attributes),
        failed=True,
        error=error,
        error_type=error_type,
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
        tool_call_id=text_of(attributes.get("call_id")),
        session=text_of(attributes.get("conversation.id")),
        user=_user(attributes),
        failed=failed,
        error=text_of(attributes.get("error.message")) if failed else None,
        input=first_value(attributes, ("arguments",)),
        output=first_value(attributes, ("output",)),
    )


def _model(attributes: Attributes) -> str | None:
    return first_text(attributes, ("model", "slug"))


def _user(attributes: Attributes) -> str | None:
    return first_text(attributes, ("user.account_id", "user.email"))


CODEX_LOGS = LogConvention(
    head="codex.",
    log_resource_keys=frozenset({"host.name"}),
    readers={
        "sse_event": _stream_event,
        "api_request": _request,
        "tool_result": _tool,
    },
)
