"""Vercel AI SDK 4 to 7: `ai.operationId` says what a span did; since 7 `gen_ai.operation.name`.

Source: the `ai` package, versions 4 to 7, and `@ai-sdk/otel`. Oddities: the outer span repeats the
usage of its `doGenerate` steps (in 4 and 5 only that of the last); it stands around a lone call as
well as around an agent's loop, named by a function id if at all; the provider is a dotted product
name such as `openai.chat`. Input tokens include cached ones since 6, which is told by the
`inputTokenDetails` keys; before, only the provider's metadata tells all of them. Since 7 the outer
span is `invoke_agent` in scope `gen_ai`, whether or not it names an agent.
"""

from __future__ import annotations

from otel_bridge.conventions.reading import first_text
from otel_bridge.conventions.table import (
    Convention,
    Dialect,
    FactKeys,
    Inside,
    ReportedUsage,
    UsageKeys,
    first_count,
)
from otel_bridge.conventions.values import count_of, object_of
from otel_bridge.facts import Operation
from otel_bridge.record import SpanRecord

_FUNCTION_ID = "ai.telemetry.functionId"
_METADATA = "ai.response.providerMetadata"
_PARTS = UsageKeys(
    tokens_cache_read=("cacheReadInputTokens", "cache_read_input_tokens", "cachedPromptTokens"),
    tokens_cache_write=(
        "cacheCreationInputTokens",
        "cacheWriteInputTokens",
        "cache_creation_input_tokens",
    ),
    tokens_reasoning=("reasoningTokens",),
)


def _refine(record: SpanRecord, operation: Operation) -> Operation:
    """Return STEP for an outer span that names no agent, AGENT where it may take several steps."""
    if not operation.is_agent:
        return operation
    if first_text(record.attributes, (_FUNCTION_ID,)) is None:
        return Operation.STEP
    may_loop = (count_of(record.attributes.get("ai.settings.maxSteps")) or 0) > 1
    return Operation.AGENT if may_loop else operation


def _read_parts(record: SpanRecord) -> ReportedUsage | None:
    """Return what the provider's metadata tells of cached and reasoning tokens."""
    metadata = object_of(record.attributes.get(_METADATA))
    for told in metadata.values():
        if not isinstance(told, dict):
            continue
        parts = {**object_of(told.get("usage")), **told}
        return ReportedUsage(
            tokens_cache_read=first_count(parts, _PARTS.tokens_cache_read),
            tokens_cache_write=first_count(parts, _PARTS.tokens_cache_write),
            tokens_reasoning=first_count(parts, _PARTS.tokens_reasoning),
            tokens_cache_write_1h=first_count(
                object_of(parts.get("cache_creation")), ("ephemeral_1h_input_tokens",)
            ),
        )
    return None


def _refine_otel(record: SpanRecord, operation: Operation) -> Operation:
    """Return what the outer span is: an agent's only if it names one and runs tools."""
    if operation is not Operation.AGENT:
        return operation
    named = first_text(record.attributes, ("gen_ai.agent.name", _FUNCTION_ID)) is not None
    return Operation.LOOP if named else Operation.STEP


VERCEL_OTEL = Dialect(name="vercel", scopes=("gen_ai",), refine=_refine_otel)

VERCEL = Convention(
    name="vercel",
    scopes=("ai",),
    kind_key="ai.operationId",
    kinds={
        "ai.generatetext": Operation.LOOP,
        "ai.streamtext": Operation.LOOP,
        "ai.generateobject": Operation.LOOP,
        "ai.streamobject": Operation.LOOP,
        "ai.generatetext.dogenerate": Operation.CHAT,
        "ai.streamtext.dostream": Operation.CHAT,
        "ai.generateobject.dogenerate": Operation.CHAT,
        "ai.streamobject.dostream": Operation.CHAT,
        "ai.toolcall": Operation.TOOL,
        "ai.embed.doembed": Operation.EMBEDDINGS,
        "ai.embedmany.doembed": Operation.EMBEDDINGS,
        "ai.rerank.dorerank": Operation.RERANK,
    },
    other_kind=Operation.STEP,
    refine=_refine,
    parts_inside=Inside(_read_parts, (_METADATA,)),
    usage=UsageKeys(
        tokens_in=("ai.usage.inputTokens", "ai.usage.promptTokens", "ai.usage.tokens"),
        tokens_out=("ai.usage.outputTokens", "ai.usage.completionTokens"),
        tokens_cache_read=(
            "ai.usage.inputTokenDetails.cacheReadTokens",
            "ai.usage.cachedInputTokens",
        ),
        tokens_cache_write=("ai.usage.inputTokenDetails.cacheWriteTokens",),
        tokens_reasoning=(
            "ai.usage.outputTokenDetails.reasoningTokens",
            "ai.usage.reasoningTokens",
        ),
        total=("ai.usage.totalTokens",),
    ),
    keys=FactKeys(
        provider=("ai.model.provider",),
        request_model=("ai.model.id",),
        response_model=("ai.response.model",),
        agent=(_FUNCTION_ID,),
        tool=("ai.toolCall.name",),
        tool_call_id=("ai.toolCall.id",),
        response_id=("ai.response.id",),
        finish_reason=("ai.response.finishReason",),
        session=("ai.telemetry.metadata.sessionId",),
        user=("ai.telemetry.metadata.userId",),
        input=("ai.prompt.messages", "ai.prompt", "ai.toolCall.args"),
        output=("ai.response.text", "ai.response.toolCalls", "ai.toolCall.result"),
    ),
)
