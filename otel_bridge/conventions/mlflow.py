"""MLflow tracing over OTLP: `mlflow.spanType` says what a span did.

Source: the mlflow-tracing package. Oddities: every value is JSON text, plain strings included
(`"LLM"` with its quotes); usage and cost are JSON objects in one attribute; agents and tools have
only the span's name; wrapper spans may carry the usage of what is below them; that of embeddings
stands only inside the answer.
"""

from __future__ import annotations

from decimal import Decimal

from otel_bridge.conventions.raw_usage import usage_of_provider
from otel_bridge.conventions.table import (
    Convention,
    FactKeys,
    Inside,
    ReportedUsage,
    UsageKeys,
    usage_in,
)
from otel_bridge.conventions.values import money_of, object_of, text_of
from otel_bridge.facts import Operation
from otel_bridge.record import SpanRecord

_USAGE = UsageKeys(
    tokens_in=("input_tokens",),
    tokens_out=("output_tokens",),
    tokens_cache_read=("cache_read_input_tokens",),
    tokens_cache_write=("cache_creation_input_tokens",),
    tokens_cache_write_1h=("cache_creation_input_tokens_above_1hr",),
    total=("total_tokens",),
)
#: The kinds of calls, as they are written.
_CALLS = frozenset({"LLM", "CHAT_MODEL", "EMBEDDING", "RERANKER"})


def _read_usage(record: SpanRecord) -> ReportedUsage | None:
    if told := object_of(record.attributes.get("mlflow.chat.tokenUsage")):
        return usage_in(told, _USAGE)
    if text_of(record.attributes.get("mlflow.spanType")) != "EMBEDDING":
        return None
    answer = object_of(record.attributes.get("mlflow.spanOutputs"))
    return usage_of_provider(object_of(answer.get("usage")))


def _read_cost(record: SpanRecord) -> Decimal | None:
    return money_of(object_of(record.attributes.get("mlflow.llm.cost")).get("total_cost"))


def _read_model(record: SpanRecord) -> str | None:
    """Return the model out of the answer, else out of what was asked."""
    if text_of(record.attributes.get("mlflow.spanType")) not in _CALLS:
        return None
    asked_and_answered = (
        object_of(record.attributes.get(key)) for key in ("mlflow.spanOutputs", "mlflow.spanInputs")
    )
    return next((model for one in asked_and_answered if (model := text_of(one.get("model")))), None)


def _span_name(record: SpanRecord) -> str | None:
    return text_of(record.name)


MLFLOW = Convention(
    name="mlflow",
    scopes=("mlflow.tracing.provider",),
    kind_key="mlflow.spanType",
    kinds={
        "llm": Operation.CHAT,
        "chat_model": Operation.CHAT,
        "embedding": Operation.EMBEDDINGS,
        "reranker": Operation.RERANK,
        "agent": Operation.AGENT,
        "workflow": Operation.WORKFLOW,
        "tool": Operation.TOOL,
    },
    other_kind=Operation.STEP,
    weak_kinds=frozenset({"unknown"}),
    agent_name=_span_name,
    tool_name=_span_name,
    usage_inside=Inside(_read_usage, ("mlflow.chat.tokenUsage", "mlflow.spanOutputs")),
    model_inside=Inside(_read_model, ("mlflow.spanOutputs", "mlflow.spanInputs")),
    cost_inside=Inside(_read_cost, ("mlflow.llm.cost",)),
    keys=FactKeys(
        provider=("mlflow.llm.provider",),
        request_model=("mlflow.llm.model",),
        response_model=("mlflow.llm.model",),
        session=("mlflow.trace.session",),
        user=("mlflow.trace.user",),
        input=("mlflow.spanInputs",),
        output=("mlflow.spanOutputs",),
    ),
)
