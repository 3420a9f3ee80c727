"""LlamaIndex, through OpenInference.

Source: openinference-instrumentation-llama-index and llama-index-core's workflows. Oddities: what
prepares a request is called an LLM as well; an agent's run is a CHAIN without a name; only the text
of a step's input says whose turn it is, which a hand-over changes within one run.
"""

from __future__ import annotations

import re

from otel_bridge.conventions.table import Dialect
from otel_bridge.conventions.values import text_of
from otel_bridge.facts import Operation
from otel_bridge.record import SpanRecord

_RUNS = frozenset({"FunctionAgent", "ReActAgent", "CodeActAgent", "AgentWorkflow", "AgentRunner"})
_TURN = ".run_agent_step"
_CURRENT_AGENT = re.compile(r"\bcurrent_agent_name=\\?'([^'\\]{1,255})\\?'")
#: The name is the last field of the step's text.
_LAST_CHARS = 1000
_METHODS = frozenset({"run", "chat", "achat", "stream_chat", "astream_chat"})


def _refine(record: SpanRecord, operation: Operation) -> Operation:
    """Return STEP for what only prepares a call, AGENT for the run of an agent."""
    name, _, method = record.name.rpartition(".")
    if operation is Operation.CHAT and method.startswith("_"):
        return Operation.STEP
    if operation is not Operation.STEP:
        return operation
    is_run = name in _RUNS and method in _METHODS
    return Operation.AGENT if is_run or _whose_turn(record) is not None else operation


def _whose_turn(record: SpanRecord) -> str | None:
    """Return the agent that takes a step; None for any other span."""
    asked = record.attributes.get("input.value")
    if not record.name.endswith(_TURN) or not isinstance(asked, str):
        return None
    found = _CURRENT_AGENT.search(asked, max(0, len(asked) - _LAST_CHARS))
    return text_of(found.group(1)) if found else None


def _is_placeholder(record: SpanRecord, name: str) -> bool:
    return name == record.name


LLAMA_INDEX = Dialect(
    name="llama_index",
    scopes=("openinference.instrumentation.llama_index",),
    refine=_refine,
    agent_name=_whose_turn,
    is_placeholder=_is_placeholder,
)
