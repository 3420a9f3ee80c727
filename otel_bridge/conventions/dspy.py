"""DSPy, through OpenInference.

Source: openinference-instrumentation-dspy. Oddities: a tool's name stands only in the name of its
span, `NAME.__call__`; `LM.__call__` tells no tokens; an agent (`ReAct`, `CodeAct`) is a CHAIN like
every other module, and has no name.
"""

from __future__ import annotations

from otel_bridge.conventions.table import Dialect
from otel_bridge.conventions.values import text_of
from otel_bridge.facts import Operation
from otel_bridge.record import SpanRecord

_AGENTS = frozenset({"ReAct", "CodeAct"})
_METHODS = frozenset({"forward", "aforward", "__call__", "acall"})


def _refine(record: SpanRecord, operation: Operation) -> Operation:
    module, _, method = record.name.rpartition(".")
    is_agent = operation is Operation.STEP and module in _AGENTS and method in _METHODS
    return Operation.AGENT if is_agent else operation


def _tool_name(record: SpanRecord) -> str | None:
    name, _, method = record.name.rpartition(".")
    return text_of(name if method in _METHODS else record.name)


def _is_placeholder(_: SpanRecord, name: str) -> bool:
    return name.partition(".")[0] in _AGENTS


DSPY = Dialect(
    name="dspy",
    scopes=("openinference.instrumentation.dspy",),
    refine=_refine,
    tool_name=_tool_name,
    is_placeholder=_is_placeholder,
)
