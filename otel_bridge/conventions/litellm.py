"""The OpenTelemetry callback of LiteLLM: GenAI attributes, and a copy of the provider's answer.

Source: the litellm package's integrations. Oddities: with a span already open, a call's attributes
are written onto that span, whatever it was, so that the second call overwrites the first; the child
`raw_gen_ai_request` then is the only witness of each call. Its usage is the text of a Python dict,
the provider's own: Anthropic's input leaves out cached tokens. A failed call, and one of another
form than OpenAI's, has an id that LiteLLM made up.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from otel_bridge.conventions.raw_usage import usage_of_provider
from otel_bridge.conventions.table import Convention, Dialect, FactKeys, Inside, ReportedUsage
from otel_bridge.conventions.values import literal_of, money_of, object_of, text_of
from otel_bridge.facts import Operation
from otel_bridge.record import SpanRecord

#: What stands for the id of a provider whose ids have another form than OpenAI's.
_OWN_ID = re.compile(r"(chatcmpl-)?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
_CALL_ID = "litellm.call_id"
_HIDDEN = "hidden_params"
_RAW = "raw_gen_ai_request"


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
    return usage_of_provider(literal_of(_answer(record, "usage")))


def _read_model(record: SpanRecord) -> str | None:
    return text_of(_answer(record, "model"))


def _read_cost(record: SpanRecord) -> Decimal | None:
    return money_of(object_of(record.attributes.get(_HIDDEN)).get("response_cost"))


def _response_id(record: SpanRecord) -> str | None:
    return text_of(_answer(record, "id"))


def _is_made_up(_: SpanRecord, response_id: str) -> bool:
    return _OWN_ID.match(response_id) is not None


LITELLM_IDS = Dialect(name="litellm", scopes=("litellm",), makes_up_id=_is_made_up)

LITELLM = Convention(
    name="litellm",
    scopes=("litellm",),
    infer=_infer,
    markers=(_CALL_ID,),
    usage_inside=Inside(_read_usage),
    model_inside=Inside(_read_model),
    cost_inside=Inside(_read_cost, (_HIDDEN,)),
    response_id_inside=Inside(_response_id),
    keys=FactKeys(
        cost_usd=("litellm.cost.total", "gen_ai.cost.total_cost"),
        answer=("metadata.usage_object",),
    ),
)
