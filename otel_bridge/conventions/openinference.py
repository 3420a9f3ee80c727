"""OpenInference, of Arize: `openinference.span.kind` on every span.

Source: the OpenInference specification and its instrumentation packages. Oddities: an AGENT span
often has its name only as the span's name (the OpenAI Agents root, named after the trace, is no
agent's name), and so has a TOOL span (but the OpenAI Agents hand-over, which is no tool); the
LangChain instrumentation takes every node and tool with "agent" in its name for an agent; the
response id stands only inside `output.value`; CHAIN says little, so another convention on the same
span may say more.
"""

from __future__ import annotations

import re

from otel_bridge.conventions.table import Convention, FactKeys, UsageKeys, first_text
from otel_bridge.conventions.values import object_of, text_of
from otel_bridge.facts import Operation
from otel_bridge.record import SpanRecord

_AGENT_KEYS = ("agent.name", "graph.node.name", "graph.node.id")
_LEADING_ID = re.compile(r'\s*\{\s*"id":\s*"([^"\\]{1,200})"')

#: Instrumentations whose AGENT spans are named after the trace, not after an agent.
_TRACE_NAMED_SCOPES = frozenset({"openinference.instrumentation.openai_agents"})


def _refine(record: SpanRecord, operation: Operation) -> Operation:
    """Return what a span is that has "agent" only in its name: a tool or a LangGraph node."""
    if operation is not Operation.AGENT:
        return operation
    if text_of(record.attributes.get("tool.name")) is not None:
        return Operation.TOOL
    metadata = object_of(record.attributes.get("metadata"))
    is_node = text_of(metadata.get("langgraph_node")) is not None
    is_agent = text_of(metadata.get("lc_agent_name")) == record.name
    return Operation.STEP if is_node and not is_agent else operation


def _agent_name(record: SpanRecord) -> str | None:
    """Return the agent's name: where no key tells it, LangChain's metadata or the span's name."""
    if name := first_text(record.attributes, _AGENT_KEYS):
        return name
    if record.scope_name in _TRACE_NAMED_SCOPES:
        return None
    metadata = object_of(record.attributes.get("metadata"))
    return text_of(metadata.get("lc_agent_name")) or text_of(record.name)


def _tool_name(record: SpanRecord) -> str | None:
    """Return the span's name, without the method that DSPy appends; a hand-over marker has none."""
    if record.scope_name in _TRACE_NAMED_SCOPES:
        return None
    return text_of(record.name.removesuffix(".__call__"))


def _response_id(record: SpanRecord) -> str | None:
    output = record.attributes.get("output.value")
    if not isinstance(output, str):
        return None
    found = _LEADING_ID.match(output)
    return found.group(1) if found else None


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
    response_id=_response_id,
)
