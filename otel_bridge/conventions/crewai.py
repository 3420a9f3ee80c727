"""CrewAI: its own tracing, and OpenInference's and OpenLLMetry's instrumentations of it.

Source: the crewai package, openinference-instrumentation-crewai and
opentelemetry-instrumentation-crewai. Oddities: crews, tasks and agents may all call themselves
`invoke_agent`; an agent's usage is what its counter has summed up since it was made; an agent that
another one asks (`Delegate work to coworker`) has no span of its own, only the tool that asks it,
whose arguments name it.
"""

from __future__ import annotations

from otel_bridge.conventions.table import Dialect
from otel_bridge.conventions.values import object_of, text_of
from otel_bridge.facts import Operation
from otel_bridge.record import SpanRecord

_DELEGATIONS = frozenset(
    {
        "delegate work to coworker",
        "ask question to coworker",
        "delegate_work_to_coworker",
        "ask_question_to_coworker",
    }
)
_INPUTS = ("input.value", "gen_ai.tool.call.arguments", "traceloop.entity.input")
_NESTED = ("kwargs", "input", "arguments", "args", "tool_input")


def _delegate(record: SpanRecord) -> str | None:
    """Return the coworker that a delegating tool names in its arguments."""
    name = text_of(record.attributes.get("tool.name")) or record.name.removesuffix(".run")
    if name.lower() not in _DELEGATIONS:
        return None
    for key in _INPUTS:
        told = object_of(record.attributes.get(key))
        for arguments in (told, *(object_of(told.get(inner)) for inner in _NESTED)):
            if coworker := text_of(arguments.get("coworker")):
                return coworker
    return None


def _refine(record: SpanRecord, operation: Operation) -> Operation:
    """Return WORKFLOW for OpenLLMetry's span of the crew, which calls itself an agent."""
    is_crew = operation is Operation.AGENT and record.name == "crewai.workflow"
    return Operation.WORKFLOW if is_crew else operation


CREWAI = Dialect(
    name="crewai",
    scopes=(
        "crewai",
        "openinference.instrumentation.crewai",
        "opentelemetry.instrumentation.crewai",
    ),
    refine=_refine,
    delegate=_delegate,
)
