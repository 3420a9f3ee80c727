"""OpenLIT: GenAI attributes with operations and keys of its own.

Source: the openlit package. Oddities: nodes of a LangGraph graph call themselves `invoke_agent`;
vector stores, browsers and crawlers are operations, too; a cost of 0 means an unknown price; where
a stream told no tokens, its characters are halved (older releases, which say `is_stream`, do so for
every stream of Chat Completions); they name a tool's input and output in keys of their own.
"""

from __future__ import annotations

import json

from otel_bridge.conventions.table import Convention, Dialect, FactKeys, ReportedUsage
from otel_bridge.conventions.values import object_of
from otel_bridge.facts import Operation
from otel_bridge.record import SpanRecord


def _refine_node(record: SpanRecord, operation: Operation) -> Operation:
    """Return STEP for a node of a graph, which its own name as the agent's id tells."""
    attributes = record.attributes
    name = attributes.get("gen_ai.agent.name")
    is_node = name is not None and attributes.get("gen_ai.agent.id") == name
    return Operation.STEP if operation is Operation.AGENT and is_node else operation


def _invents(record: SpanRecord, usage: ReportedUsage) -> bool:
    """Whether a stream's tokens are half of its characters, or come without any of their parts."""
    if record.attributes.get("gen_ai.request.is_stream") is True:
        answer = record.attributes.get("gen_ai.completion")
        return isinstance(answer, str) and usage.tokens_out == _halved(len(answer))
    if record.attributes.get("gen_ai.request.stream") is not True or usage.tokens_cache_read:
        return False
    if usage.tokens_cache_read is None:
        return True
    characters = _answer_characters(record.attributes.get("gen_ai.output.messages"))
    return characters is not None and usage.tokens_out == _halved(characters)


def _halved(characters: int) -> int:
    return (characters + 1) // 2


def _answer_characters(messages: object) -> int | None:
    """Return the length of the answer's texts; None where content is not captured."""
    if not isinstance(messages, str):
        return None
    try:
        told = json.loads(messages)
    except (ValueError, RecursionError):
        return None
    parts = [
        part
        for message in (told if isinstance(told, list) else ())
        for part in object_of(message).get("parts") or ()
        if isinstance(part, dict)
    ]
    return sum(len(str(part.get("content") or "")) for part in parts) if parts else None


OPENLIT_STREAMS = Dialect(name="openlit", scopes=("openlit",), invents=_invents)

OPENLIT_LANGGRAPH = Dialect(
    name="openlit", scopes=("openlit.instrumentation.langgraph",), refine=_refine_node
)

OPENLIT = Convention(
    name="openlit",
    scopes=("openlit",),
    keys=FactKeys(
        input=("gen_ai.tool.input", "gen_ai.tool.args"),
        output=("gen_ai.tool.output",),
    ),
)
