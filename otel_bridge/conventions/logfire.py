"""The Logfire SDK and its integrations of the providers' clients.

Source: the logfire package. Oddities: a pending span is a copy, sent when a span starts; a log is a
span of no length; a streamed call is two spans: the request, which ends before the stream and tells
no usage, and afterwards a log, in a trace of its own, that tells everything and for how long it
took; the provider's usage object is kept whole in `gen_ai.usage.raw`; in older releases a call of
Anthropic has no GenAI attribute at all, only JSON of what was asked and answered; errors may be
told by level.
"""

from __future__ import annotations

from otel_bridge.conventions.table import Convention, Dialect, FactKeys, Inside, in_scope
from otel_bridge.conventions.values import object_of, text_of
from otel_bridge.facts import Operation
from otel_bridge.record import SpanRecord

_SCOPE = "logfire"
_SPAN_TYPE = "logfire.span_type"
_REQUEST = "request_data"
_MODEL = "gen_ai.request.model"
_ANSWERS = (
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.output_tokens",
    "gen_ai.response.id",
    "response_data",
)
_LONGEST_STREAM_S = 24 * 60 * 60


def _infer(record: SpanRecord) -> Operation | None:
    """Return what the two spans of a stream are; None for every other span that is no copy."""
    attributes = record.attributes
    span_type = attributes.get(_SPAN_TYPE)
    if span_type == "pending_span":
        return Operation.NOTHING
    if not in_scope(record.scope_name, _SCOPE):
        return None
    if _MODEL not in attributes and _asked_model(record) is None:
        return None
    if span_type == "log":
        return Operation.CHAT if "duration" in attributes else None
    is_answered = any(key in attributes for key in _ANSWERS) or record.status_code == "error"
    is_chat = attributes.get("gen_ai.operation.name", "chat") == "chat"
    if is_chat and not is_answered:
        return Operation.STEP
    return None if _MODEL in attributes else Operation.CHAT


def _asked_model(record: SpanRecord) -> str | None:
    """Return the model that a request to a provider names, where no key does."""
    if _MODEL in record.attributes or not in_scope(record.scope_name, _SCOPE):
        return None
    return text_of(object_of(record.attributes.get(_REQUEST)).get("model"))


def _started_ns(record: SpanRecord) -> int | None:
    """Return when a stream began whose log was written at its end."""
    duration_s = record.attributes.get("duration")
    is_log = record.attributes.get(_SPAN_TYPE) == "log"
    if not is_log or isinstance(duration_s, bool) or not isinstance(duration_s, int | float):
        return None
    if not 0 < duration_s <= _LONGEST_STREAM_S:
        return None
    return record.start_ns - int(duration_s * 1_000_000_000)


LOGFIRE = Convention(
    name="logfire",
    markers=(_SPAN_TYPE,),
    infer=_infer,
    failed_when={"logfire.level_num": frozenset({"17", "21"})},
    model_inside=Inside(_asked_model, (_REQUEST,)),
    keys=FactKeys(
        error=("logfire.msg",),
        answer=("gen_ai.usage.raw", "response_data"),
    ),
)

LOGFIRE_STREAM = Dialect(name="logfire", scopes=(_SCOPE,), started_ns=_started_ns)
