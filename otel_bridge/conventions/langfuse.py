"""The Langfuse SDK, versions 3 to 5: `langfuse.observation.type` says what a span did.

Source: the langfuse package and the server that reads its spans. Oddities: usage and cost are JSON
in one attribute; unless the keys are exactly OpenAI's, the buckets are disjoint, so that `input`
leaves out every `input_*`; up to 3.3 a generation calls itself `span`; agents and tools have only
the span's name.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from otel_bridge.conventions.raw_usage import usage_of_provider
from otel_bridge.conventions.table import Convention, FactKeys, Inside, ReportedUsage
from otel_bridge.conventions.values import count_of, money_of, object_of, text_of
from otel_bridge.facts import Operation
from otel_bridge.record import SpanRecord

_USAGE = "langfuse.observation.usage_details"
_COST = "langfuse.observation.cost_details"
_MODEL = "langfuse.observation.model.name"

_CACHE_READ = frozenset(
    {"input_cached_tokens", "input_cache_read", "cache_read_input_tokens", "input_cached"}
)
_CACHE_WRITE = frozenset({"input_cache_creation", "cache_creation_input_tokens"})
_REASONING = frozenset({"output_reasoning", "output_reasoning_tokens"})


def _refine(record: SpanRecord, operation: Operation) -> Operation:
    """Return CHAT for a generation of the older releases, which called it a span."""
    says_span = text_of(record.attributes.get("langfuse.observation.type")) == "span"
    is_call = _USAGE in record.attributes or _MODEL in record.attributes
    return Operation.CHAT if says_span and is_call else operation


def _read_usage(record: SpanRecord) -> ReportedUsage | None:
    told = object_of(record.attributes.get(_USAGE))
    if not told:
        return None
    return usage_of_provider(told) if _is_openai_usage(told) else _bucket_usage(told)


def _is_openai_usage(told: Mapping[str, Any]) -> bool:
    """Whether the keys are OpenAI's, so that the parts are not buckets of their own."""
    return "prompt_tokens" in told or any(
        key.endswith(("_tokens_details", "_token_details")) for key in told
    )


def _bucket_usage(told: Mapping[str, Any]) -> ReportedUsage | None:
    """Return the sums of disjoint buckets; those of tiers ("priority") only repeat others."""
    counts = {key: count for key, value in told.items() if (count := count_of(value)) is not None}
    read = [count for key, count in counts.items() if key in _CACHE_READ]
    write = [count for key, count in counts.items() if key in _CACHE_WRITE]
    thought = [count for key, count in counts.items() if key in _REASONING]
    inside = [c for key, c in counts.items() if _is_side(key, "input", _CACHE_READ | _CACHE_WRITE)]
    outside = [c for key, c in counts.items() if _is_side(key, "output", _REASONING)]
    if not inside and not outside:
        return None
    return ReportedUsage(
        tokens_in=sum(inside) if inside else None,
        tokens_out=sum(outside) if outside else None,
        tokens_cache_read=sum(read) if read else None,
        tokens_cache_write=sum(write) if write else None,
        tokens_reasoning=sum(thought) if thought else None,
        is_inclusive=True,
    )


def _is_side(key: str, side: str, parts: frozenset[str]) -> bool:
    return "priority" not in key and (key == side or key.startswith(f"{side}_") or key in parts)


def _read_cost(record: SpanRecord) -> Decimal | None:
    told = object_of(record.attributes.get(_COST))
    if "total" in told:
        return money_of(told["total"])
    parts = [amount for value in told.values() if (amount := money_of(value)) is not None]
    return sum(parts, Decimal(0)) if parts else None


def _span_name(record: SpanRecord) -> str | None:
    return text_of(record.name)


LANGFUSE = Convention(
    name="langfuse",
    scopes=("langfuse-sdk",),
    kind_key="langfuse.observation.type",
    kinds={
        "generation": Operation.CHAT,
        "embedding": Operation.EMBEDDINGS,
        "agent": Operation.AGENT,
        "tool": Operation.TOOL,
    },
    other_kind=Operation.STEP,
    weak_kinds=frozenset({"span"}),
    refine=_refine,
    agent_name=_span_name,
    tool_name=_span_name,
    usage_inside=Inside(_read_usage, (_USAGE,)),
    cost_inside=Inside(_read_cost, (_COST,)),
    failed_when={"langfuse.observation.level": frozenset({"error"})},
    keys=FactKeys(
        request_model=(_MODEL,),
        response_model=(_MODEL,),
        session=("langfuse.session.id",),
        user=("langfuse.user.id",),
        error=("langfuse.observation.status_message",),
        input=("langfuse.observation.input",),
        output=("langfuse.observation.output",),
    ),
)
