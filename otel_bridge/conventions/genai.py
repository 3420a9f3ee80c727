"""OpenTelemetry GenAI semantic conventions, every generation still on the wire.

Source: the GenAI registry of the OpenTelemetry semantic conventions (1.27 to 1.41) and its
successor repository. Oddities: `gen_ai.system` became `gen_ai.provider.name`; `prompt_tokens` and
`completion_tokens` became `input_tokens` and `output_tokens` (1.27); `cache_creation` became
`cache_write`; the oldest emitters say `llm.request.type` instead of an operation; agent spans may
carry the sum of the calls below them under the same keys.
"""

from __future__ import annotations

from otel_bridge.conventions.reading import first_text
from otel_bridge.conventions.table import Convention, FactKeys, UsageKeys
from otel_bridge.facts import Operation
from otel_bridge.record import SpanRecord

USAGE = UsageKeys(
    tokens_in=(
        "gen_ai.usage.input_tokens",
        "gen_ai.usage.prompt_tokens",
        "llm.usage.prompt_tokens",
    ),
    tokens_out=(
        "gen_ai.usage.output_tokens",
        "gen_ai.usage.completion_tokens",
        "llm.usage.completion_tokens",
    ),
    tokens_cache_read=(
        "gen_ai.usage.cache_read.input_tokens",
        "gen_ai.usage.cache_read_input_tokens",
        "gen_ai.usage.input_tokens.cached",
        "gen_ai.usage.prompt_tokens_details.cached_tokens",
        "gen_ai.usage.details.cache_read_tokens",
        "gen_ai.usage.details.cache_read_input_tokens",
        "gen_ai.usage.input_cached_tokens",
    ),
    tokens_cache_write=(
        "gen_ai.usage.cache_write.input_tokens",
        "gen_ai.usage.cache_creation.input_tokens",
        "gen_ai.usage.cache_creation_input_tokens",
        "gen_ai.usage.cache_write_input_tokens",
        "gen_ai.usage.input_tokens.cache_write",
        "gen_ai.usage.prompt_tokens_details.cache_creation_tokens",
        "gen_ai.usage.details.cache_write_tokens",
        "gen_ai.usage.details.cache_creation_input_tokens",
    ),
    tokens_reasoning=(
        "gen_ai.usage.reasoning.output_tokens",
        "gen_ai.usage.reasoning_tokens",
        "gen_ai.usage.output_tokens.reasoning",
        "llm.usage.reasoning_tokens",
        "gen_ai.usage.details.reasoning_tokens",
        "gen_ai.usage.completion_tokens_details.reasoning_tokens",
    ),
    tokens_audio_in=(
        "gen_ai.usage.audio.input_tokens",
        "gen_ai.usage.details.input_audio_tokens",
        "gen_ai.usage.input_audio_tokens",
    ),
    tokens_audio_cache_read=(
        "gen_ai.usage.audio.cache_read.input_tokens",
        "gen_ai.usage.details.cache_audio_read_tokens",
    ),
    tokens_audio_out=(
        "gen_ai.usage.audio.output_tokens",
        "gen_ai.usage.details.output_audio_tokens",
        "gen_ai.usage.output_audio_tokens",
        "gen_ai.usage.completion_tokens_details.audio_tokens",
    ),
    tokens_image_in=("gen_ai.usage.image.input_tokens",),
    tokens_image_out=("gen_ai.usage.image.output_tokens",),
    total=("gen_ai.usage.total_tokens", "llm.usage.total_tokens"),
)

_CHAT = (
    "chat",
    "text_completion",
    "text_completions",
    "generate_content",
    "completion",
    "generate",
    "response",
    "responses",
    "llm_request",
    "llm_call",
    "model_request",
)
_EMBEDDINGS = ("embeddings", "embedding")
_KINDS = {
    **dict.fromkeys(_CHAT, Operation.CHAT),
    **dict.fromkeys(_EMBEDDINGS, Operation.EMBEDDINGS),
    "rerank": Operation.RERANK,
    "execute_tool": Operation.TOOL,
    "tool_call": Operation.TOOL,
    "invoke_agent": Operation.AGENT,
    "agent_call": Operation.AGENT,
    "invoke_workflow": Operation.WORKFLOW,
    # Strands' groups of agents.
    "invoke_swarm": Operation.WORKFLOW,
    "invoke_graph": Operation.WORKFLOW,
}
_REQUEST_TYPES = {
    "chat": Operation.CHAT,
    "completion": Operation.CHAT,
    "embedding": Operation.EMBEDDINGS,
    "rerank": Operation.RERANK,
}


def _infer(record: SpanRecord) -> Operation | None:
    """Return the operation by request type, by tool name, or by usage with a model."""
    attributes = record.attributes
    if request_type := first_text(attributes, ("llm.request.type", "gen_ai.request.type")):
        return _REQUEST_TYPES.get(request_type.lower(), Operation.STEP)
    if "gen_ai.tool.name" in attributes:
        return Operation.TOOL
    has_usage = any(key in attributes for key in USAGE.tokens_in + USAGE.tokens_out)
    has_model = "gen_ai.request.model" in attributes or "gen_ai.response.model" in attributes
    return Operation.CHAT if has_usage and has_model else None


GENAI = Convention(
    name="genai",
    kind_key="gen_ai.operation.name",
    kinds=_KINDS,
    other_kind=Operation.STEP,
    infer=_infer,
    markers=(
        "llm.request.type",
        "gen_ai.request.type",
        "gen_ai.tool.name",
        "gen_ai.request.model",
        "gen_ai.response.model",
    ),
    usage=USAGE,
    keys=FactKeys(
        provider=("gen_ai.provider.name", "gen_ai.system", "gen_ai.request.provider"),
        request_model=("gen_ai.request.model",),
        response_model=("gen_ai.response.model",),
        agent=("gen_ai.agent.name", "gen_ai.workflow.name"),
        tool=("gen_ai.tool.name",),
        tool_call_id=("gen_ai.tool.call.id", "gen_ai.tool.call_id"),
        response_id=("gen_ai.response.id",),
        finish_reason=("gen_ai.response.finish_reasons", "gen_ai.response.finish_reason"),
        session=("gen_ai.conversation.id", "session.id"),
        user=("user.id", "enduser.id"),
        host=("server.address", "gen_ai.openai.api_base", "url.full"),
        cost_usd=("operation.cost", "gen_ai.usage.cost", "gen_ai.usage.total_cost"),
        # Written by this library where a program states what a call cost.
        stated_cost_usd=("otel_bridge.cost_usd",),
        error_type=("error.type",),
        error=("error.message",),
        input=("gen_ai.input.messages", "gen_ai.tool.call.arguments", "gen_ai.prompt"),
        output=("gen_ai.output.messages", "gen_ai.tool.call.result", "gen_ai.completion"),
    ),
)
