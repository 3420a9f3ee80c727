"""smolagents, through OpenInference.

Source: openinference-instrumentation-smolagents. Oddities: an agent's name stands only in the name
of its span, `NAME.run`, where an agent without one gives its class; the agent span repeats what the
memory of the agent object has summed up; the model's raw answer is a Python repr inside the output.
"""

from __future__ import annotations

from otel_bridge.conventions.table import Dialect
from otel_bridge.conventions.values import text_of
from otel_bridge.record import SpanRecord

_CLASSES = frozenset({"CodeAgent", "ToolCallingAgent", "MultiStepAgent"})


def _agent_name(record: SpanRecord) -> str | None:
    name, dot, method = record.name.rpartition(".")
    return text_of(name) if dot and method == "run" else None


def _is_placeholder(_: SpanRecord, name: str) -> bool:
    return name.removesuffix(".run") in _CLASSES


SMOLAGENTS = Dialect(
    name="smolagents",
    scopes=("openinference.instrumentation.smolagents",),
    agent_name=_agent_name,
    is_placeholder=_is_placeholder,
)
