"""LlamaIndex, through OpenInference.

Source: openinference-instrumentation-llama-index and llama-index-core's workflows. Oddities: what
prepares a request is called an LLM as well; an agent's run is a CHAIN; the agent's name stands only
in the text of a step's input, so the run has none; a tool's name may be the class and method.
"""

from __future__ import annotations

from otel_bridge.conventions.table import Dialect
from otel_bridge.facts import Operation
from otel_bridge.record import SpanRecord

_RUNS = frozenset({"FunctionAgent", "ReActAgent", "CodeActAgent", "AgentWorkflow", "AgentRunner"})
_METHODS = frozenset({"run", "chat", "achat", "stream_chat", "astream_chat"})


def _refine(record: SpanRecord, operation: Operation) -> Operation:
    """Return STEP for what only prepares a call, AGENT for the run of an agent."""
    name, _, method = record.name.rpartition(".")
    if operation is Operation.CHAT and method.startswith("_"):
        return Operation.STEP
    is_run = operation is Operation.STEP and name in _RUNS and method in _METHODS
    return Operation.AGENT if is_run else operation


def _is_placeholder(record: SpanRecord, name: str) -> bool:
    return name == record.name


LLAMA_INDEX = Dialect(
    name="llama_index",
    scopes=("openinference.instrumentation.llama_index",),
    refine=_refine,
    is_placeholder=_is_placeholder,
)
