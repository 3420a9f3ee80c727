"""Genkit: `genkit:*` keys, usage inside the output.

Source: the genkit repository's tracing. Oddities: a call's tokens stand only in the JSON of
`genkit:output`; the model is the action's name, `plugin/model`; thoughts stand beside the output;
the plugin for Anthropic leaves cached tokens out of the input.
"""

from __future__ import annotations

from otel_bridge.conventions.table import (
    Convention,
    FactKeys,
    Inside,
    ReportedUsage,
    UsageKeys,
    usage_in,
)
from otel_bridge.conventions.values import object_of, text_of
from otel_bridge.facts import Operation
from otel_bridge.record import SpanRecord

_OUTPUT = "genkit:output"
_NAME = "genkit:name"
_SUBTYPE = "genkit:metadata:subtype"
_USAGE = UsageKeys(
    tokens_in=("inputTokens",),
    tokens_out=("outputTokens",),
    tokens_cache_read=("cachedContentTokens",),
    tokens_reasoning=("thoughtsTokens",),
    total=("totalTokens",),
)


def _read_usage(record: SpanRecord) -> ReportedUsage | None:
    if record.attributes.get(_SUBTYPE) not in ("model", "embedder"):
        return None
    return usage_in(object_of(object_of(record.attributes.get(_OUTPUT)).get("usage")), _USAGE)


def _read_model(record: SpanRecord) -> str | None:
    if record.attributes.get(_SUBTYPE) not in ("model", "embedder"):
        return None
    plugin_and_model = text_of(record.attributes.get(_NAME))
    return None if plugin_and_model is None else plugin_and_model.rpartition("/")[2] or None


def _name(record: SpanRecord) -> str | None:
    return text_of(record.attributes.get(_NAME))


GENKIT = Convention(
    name="genkit",
    scopes=("genkit-tracer",),
    kind_key=_SUBTYPE,
    kinds={
        "model": Operation.CHAT,
        "embedder": Operation.EMBEDDINGS,
        "tool": Operation.TOOL,
        "flow": Operation.WORKFLOW,
    },
    other_kind=Operation.STEP,
    agent_name=_name,
    tool_name=_name,
    failed_when={"genkit:state": frozenset({"error"})},
    usage_inside=Inside(_read_usage, (_OUTPUT,)),
    model_inside=Inside(_read_model, (_NAME,)),
    keys=FactKeys(
        session=("genkit:sessionId",),
        input=("genkit:input",),
        output=(_OUTPUT,),
    ),
)
