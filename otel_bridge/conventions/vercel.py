"""Vercel AI SDK 4 to 6: `ai.operationId` says what a span did.

Source: the `ai` package, versions 4 to 6. Oddities: the outer `ai.generateText` span repeats the
usage of its `doGenerate` steps (in 4 and 5 only that of the last); it stands around a lone call as
well as around an agent's loop, named by a function id if at all; the provider is a dotted product
name such as `openai.chat`.
Input tokens include cached ones since 6, which is told by the `inputTokenDetails` keys.
"""

from __future__ import annotations

from otel_bridge.conventions.reading import first_text
from otel_bridge.conventions.table import Convention, FactKeys, UsageKeys
from otel_bridge.facts import Operation
from otel_bridge.record import SpanRecord

_FUNCTION_ID = "ai.telemetry.functionId"


def _refine(record: SpanRecord, operation: Operation) -> Operation:
    """Return STEP for an outer span that names no agent."""
    named = first_text(record.attributes, (_FUNCTION_ID,)) is not None
    return Operation.STEP if operation.is_agent and not named else operation


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
