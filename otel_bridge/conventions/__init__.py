"""The conventions in use, in the order in which they are asked, and what a span says by them.

The first convention that knows a span decides what it did; the others fill in what is missing.
Token usage is taken as a block from one convention: input with and without cached tokens must never
mix.
"""

from __future__ import annotations

from dataclasses import fields
from decimal import Decimal
from functools import lru_cache

from otel_bridge.conventions.genai import GENAI
from otel_bridge.conventions.google_adk import GOOGLE_ADK
from otel_bridge.conventions.haystack import HAYSTACK
from otel_bridge.conventions.langfuse import LANGFUSE
from otel_bridge.conventions.litellm import LITELLM
from otel_bridge.conventions.mlflow import MLFLOW
from otel_bridge.conventions.openinference import OPENINFERENCE
from otel_bridge.conventions.pydantic_ai import PYDANTIC_AI
from otel_bridge.conventions.table import (
    Convention,
    FactKeys,
    first_listed_text,
    first_money,
    first_stated_amount,
    first_text,
    first_value,
    operation_of,
    reported_usage,
)
from otel_bridge.conventions.tokens import usage_of
from otel_bridge.conventions.traceloop import TRACELOOP
from otel_bridge.conventions.vercel import VERCEL
from otel_bridge.facts import NO_USAGE, Operation, SpanFacts, Usage
from otel_bridge.pricing.providers import is_framework, provider_of
from otel_bridge.record import SpanRecord

#: Asked in this order for the operation: explicit kinds before operation names.
CONVENTIONS: tuple[Convention, ...] = (
    PYDANTIC_AI,
    GOOGLE_ADK,
    LITELLM,
    OPENINFERENCE,
    LANGFUSE,
    VERCEL,
    TRACELOOP,
    GENAI,
    MLFLOW,
    HAYSTACK,
)


def _merged_keys(first: tuple[Convention, ...]) -> FactKeys:
    """Return every convention's keys for each fact, those of `first` in front."""
    return FactKeys(
        **{
            name.name: tuple(
                dict.fromkeys(key for one in first for key in getattr(one.keys, name.name))
            )
            for name in fields(FactKeys)
        }
    )


#: Models, providers and ids: OpenTelemetry's own keys before the vendors'.
_KEYS = _merged_keys(
    (
        GENAI,
        OPENINFERENCE,
        VERCEL,
        TRACELOOP,
        PYDANTIC_AI,
        LITELLM,
        GOOGLE_ADK,
        LANGFUSE,
        MLFLOW,
        HAYSTACK,
    )
)

#: Names that an SDK writes where it does not know the agent's.
_NO_AGENT_NAMES = frozenset({"openai agent"})

_BY_NAME = {convention.name: convention for convention in CONVENTIONS}
_WITH_USAGE = (LANGFUSE, GENAI, OPENINFERENCE, VERCEL, MLFLOW, LITELLM, HAYSTACK)
_WITH_COST = (LANGFUSE, MLFLOW)
_WITH_RESPONSE = (OPENINFERENCE, MLFLOW, LITELLM)


def facts_of(record: SpanRecord) -> SpanFacts | None:
    """Return what the span says; None where no convention knows it."""
    known = operation_of(record, CONVENTIONS)
    if known is None:
        return None
    operation, convention = known
    attributes = record.attributes
    response_model = _response_model(record, convention)
    provider = _provider(record, response_model)
    error, error_type = _error(record)
    tool = _tool(record, convention) if operation is Operation.TOOL else None
    return SpanFacts(
        convention=convention,
        operation=_named_tool_only(operation, tool),
        agent=_agent(record, operation, convention),
        provider=provider,
        request_model=first_text(attributes, _KEYS.request_model),
        response_model=response_model,
        usage=_usage(record, provider),
        cost_usd=_cost(record),
        stated_cost_usd=first_stated_amount(attributes, _KEYS.stated_cost_usd),
        response_id=_response_id(record) if operation.is_call else None,
        session=first_text(attributes, _KEYS.session),
        user=first_text(attributes, _KEYS.user),
        run_id=first_text(attributes, _KEYS.run_id),
        tool=tool,
        tool_call_id=first_text(attributes, _KEYS.tool_call_id),
        finish_reason=first_listed_text(attributes, _KEYS.finish_reason),
        error=error,
        error_type=error_type,
        failed=record.status_code == "error" or (error_type is not None and not _is_ok(record)),
        input=first_value(attributes, _KEYS.input),
        output=first_value(attributes, _KEYS.output),
    )


def _is_ok(record: SpanRecord) -> bool:
    return record.status_code == "ok"


def _named_tool_only(operation: Operation, tool: str | None) -> Operation:
    """Return STEP for a tool span without a tool's name: it marks a handoff or wraps others."""
    return Operation.STEP if operation is Operation.TOOL and tool is None else operation


def _tool(record: SpanRecord, convention: str) -> str | None:
    own = _BY_NAME[convention].tool_name(record)
    return first_text(record.attributes, _KEYS.tool) or own


def _cost(record: SpanRecord) -> Decimal | None:
    """Return the cost that the tracer carries: under a key, else inside a value."""
    if cost := first_money(record.attributes, _KEYS.cost_usd):
        return cost
    return next((cost for one in _WITH_COST if (cost := one.read_cost(record))), None)


def _agent(record: SpanRecord, operation: Operation, convention: str) -> str | None:
    own = _BY_NAME[convention].agent_name(record) if operation.is_agent else None
    name = own or first_text(record.attributes, _KEYS.agent)
    if name is None or name.lower() in _NO_AGENT_NAMES or is_framework(name):
        return None
    return name


def _response_model(record: SpanRecord, convention: str) -> str | None:
    told = first_text(record.attributes, _KEYS.response_model)
    return told or _BY_NAME[convention].read_model(record)


def _provider(record: SpanRecord, response_model: str | None) -> str | None:
    attributes = record.attributes
    return provider_of(
        first_text(attributes, _KEYS.provider),
        response_model or first_text(attributes, _KEYS.request_model),
        host=first_text(attributes, ("server.address", "gen_ai.openai.api_base", "url.full")),
    )


def _usage(record: SpanRecord, provider: str | None) -> Usage:
    """Return the tokens by the emitter's own convention, else by the first that tells any."""
    for convention in _usage_order(record.scope_name):
        if reported := reported_usage(record, convention):
            return usage_of(reported, record, provider)
    return NO_USAGE


@lru_cache(maxsize=1024)
def _usage_order(scope_name: str) -> tuple[Convention, ...]:
    return tuple(sorted(_WITH_USAGE, key=lambda one: not one.is_native(scope_name)))


def _response_id(record: SpanRecord) -> str | None:
    if response_id := first_text(record.attributes, _KEYS.response_id):
        return response_id
    return next((found for one in _WITH_RESPONSE if (found := one.response_id(record))), None)


def _error(record: SpanRecord) -> tuple[str | None, str | None]:
    """Return message and type of the failure, from the status, the attributes or the exception."""
    exception = next((e.attributes for e in record.events if e.name == "exception"), {})
    error_type = first_text(record.attributes, _KEYS.error_type) or first_text(
        exception, ("exception.type",)
    )
    if record.status_code != "error":
        return None, error_type if "error.type" in record.attributes else None
    message = (
        record.status_message
        or first_text(exception, ("exception.message",))
        or first_text(record.attributes, _KEYS.error)
        or error_type
    )
    return message, error_type
