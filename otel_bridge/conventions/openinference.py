"""OpenInference, of Arize: `openinference.span.kind` on every span.

Source: the OpenInference specification and its instrumentation packages. Oddities: an AGENT span
often has its name only as the span's name, and so has a TOOL span; some instrumentations call every
tool with "agent" in its name an agent; the response id and the provider's usage object stand only
inside `output.value`, and the model of a failed call only among its parameters; CHAIN says little,
so another convention on the same span may say more; a processor may have added its keys to another
instrumentation's spans.
"""

from __future__ import annotations

from otel_bridge.conventions.reading import first_text
from otel_bridge.conventions.table import Convention, FactKeys, Inside, UsageKeys
from otel_bridge.conventions.values import object_of, text_of
from otel_bridge.facts import Operation
from otel_bridge.record import SpanRecord

_PARAMETERS = "llm.invocation_parameters"
_AGENT_KEYS = ("agent.name", "graph.node.name", "graph.node.id")


def _refine(record: SpanRecord, operation: Operation) -> Operation:
    """Return TOOL for a tool that is called an agent because of its name."""
    is_tool = text_of(record.attributes.get("tool.name")) is not None
    return Operation.TOOL if operation is Operation.AGENT and is_tool else operation


def _agent_name(record: SpanRecord) -> str | None:
    """Return the agent's name: where no key tells it, the span's name."""
    return first_text(record.attributes, _AGENT_KEYS) or text_of(record.name)


def _tool_name(record: SpanRecord) -> str | None:
    return text_of(record.name)


def _asked_model(record: SpanRecord) -> str | None:
    """Return the model that was asked for, which is all that a failed call tells."""
    asked = object_of(record.attributes.get(_PARAMETERS))
    return text_of(asked.get("model")) or text_of(asked.get("model_name"))


OPENINFERENCE = Convention(
    name="openinference",
    scopes=("openinference.instrumentation",),
    kind_key="openinference.span.kind",
    kinds={
        "llm": Operation.CHAT,
        "decision": Operation.CHAT,
        "embedding": Operation.EMBEDDINGS,
        "reranker": Operation.RERANK,
        "tool": Operation.TOOL,
        "agent": Operation.AGENT,
        "chain": Operation.STEP,
        "retriever": Operation.STEP,
        "guardrail": Operation.STEP,
        "prompt": Operation.STEP,
        "evaluator": Operation.STEP,
        "unknown": Operation.STEP,
    },
    other_kind=Operation.STEP,
    weak_kinds=frozenset({"chain", "unknown"}),
    usage=UsageKeys(
        tokens_in=("llm.token_count.prompt", "decision.token_count.input"),
        tokens_out=("llm.token_count.completion", "decision.token_count.output"),
        tokens_cache_read=(
            "llm.token_count.prompt_details.cache_read",
            "llm.token_count.prompt_details.cache_input",
        ),
        tokens_cache_write=("llm.token_count.prompt_details.cache_write",),
        tokens_reasoning=("llm.token_count.completion_details.reasoning",),
        tokens_audio_in=("llm.token_count.prompt_details.audio",),
        tokens_audio_out=("llm.token_count.completion_details.audio",),
        total=("llm.token_count.total",),
    ),
    keys=FactKeys(
        provider=("llm.provider", "llm.system"),
        request_model=(
            "llm.request.model_name",
            "llm.model_name",
            "embedding.model_name",
            "reranker.model_name",
            "decision.model_name",
        ),
        response_model=("llm.response.model_name", "llm.model_name"),
        agent=_AGENT_KEYS,
        tool=("tool.name",),
        tool_call_id=("tool.id", "tool_call.id"),
        finish_reason=("llm.finish_reason",),
        session=("session.id",),
        user=("user.id",),
        cost_usd=("llm.cost.total",),
        error_type=("error.type",),
        error=("error.message",),
        input=("input.value",),
        output=("output.value",),
    ),
    refine=_refine,
    agent_name=_agent_name,
    tool_name=_tool_name,
    model_inside=Inside(_asked_model, (_PARAMETERS,)),
)
