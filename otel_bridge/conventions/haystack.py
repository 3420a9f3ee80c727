"""Haystack's own tracer: span names say what a span did, `haystack.*` the rest.

Source: the haystack package's tracing module and its agents. Oddities: no model and no tokens as
attributes, only inside the JSON of the model's replies, and only where content is traced; an agent
has a name only as a component of a pipeline; a failed tool leaves its span's status unset.
OpenInference's instrumentation calls runs of pipelines and agents CHAIN.
"""

from __future__ import annotations

from typing import Any

from otel_bridge.conventions.raw_usage import usage_of_provider
from otel_bridge.conventions.table import Convention, Dialect, FactKeys, Inside, ReportedUsage
from otel_bridge.conventions.values import object_of, text_of
from otel_bridge.facts import Operation
from otel_bridge.record import SpanRecord

_NAMES = {
    "haystack.pipeline.run": Operation.WORKFLOW,
    "haystack.async_pipeline.run": Operation.WORKFLOW,
    "haystack.agent.run": Operation.AGENT,
    "haystack.agent.step": Operation.STEP,
    "haystack.agent.step.llm": Operation.CHAT,
    "haystack.agent.step.tool": Operation.TOOL,
}
_RUNS_OF_OPENINFERENCE = {
    "Pipeline.run": Operation.WORKFLOW,
    "AsyncPipeline.run_async": Operation.WORKFLOW,
    "Pipeline.run_async": Operation.WORKFLOW,
    "Agent.run": Operation.AGENT,
    "Agent.run_async": Operation.AGENT,
}
_OUTPUTS = ("haystack.agent.step.llm.output", "haystack.component.output")


def _infer(record: SpanRecord) -> Operation | None:
    if not record.name.startswith("haystack."):
        return None
    if record.name != "haystack.component.run":
        return _NAMES.get(record.name)
    component = text_of(record.attributes.get("haystack.component.type")) or ""
    if component.endswith("Generator"):
        return Operation.CHAT
    return Operation.AGENT if component == "Agent" else Operation.STEP


def _agent_name(record: SpanRecord) -> str | None:
    return text_of(record.attributes.get("haystack.component.name"))


def _reply_meta(record: SpanRecord) -> dict[str, Any]:
    """Return the metadata of the first reply that has some."""
    for key in _OUTPUTS:
        replies = object_of(record.attributes.get(key)).get("replies")
        for reply in replies if isinstance(replies, list) else ():
            if isinstance(reply, dict) and isinstance(reply.get("meta"), dict):
                return dict(reply["meta"])
    return {}


def _read_usage(record: SpanRecord) -> ReportedUsage | None:
    return usage_of_provider(object_of(_reply_meta(record).get("usage")))


def _failure(record: SpanRecord, operation: Operation) -> str | None:
    """Return what a failed tool answers: an object of nothing but the error."""
    if operation is not Operation.TOOL:
        return None
    answer = object_of(record.attributes.get("haystack.agent.step.tool.output"))
    return text_of(answer.get("error")) if len(answer) == 1 else None


def _read_model(record: SpanRecord) -> str | None:
    return text_of(_reply_meta(record).get("model"))


def _refine(record: SpanRecord, operation: Operation) -> Operation:
    """Return what OpenInference's CHAIN is: a pipeline's or an agent's run."""
    runs = _RUNS_OF_OPENINFERENCE.get(record.name)
    return runs if runs is not None and operation is Operation.STEP else operation


def _is_placeholder(record: SpanRecord, name: str) -> bool:
    return name == record.name


HAYSTACK_OPENINFERENCE = Dialect(
    name="haystack",
    scopes=("openinference.instrumentation.haystack",),
    refine=_refine,
    is_placeholder=_is_placeholder,
)

HAYSTACK = Convention(
    name="haystack",
    scopes=("haystack",),
    infer=_infer,
    agent_name=_agent_name,
    name_heads=frozenset({"haystack"}),
    failure=_failure,
    usage_inside=Inside(_read_usage, _OUTPUTS),
    model_inside=Inside(_read_model, _OUTPUTS),
    keys=FactKeys(
        tool=("haystack.tool.name",),
        input=("haystack.agent.step.tool.input", "haystack.agent.step.llm.input"),
        output=("haystack.agent.step.tool.output", "haystack.agent.step.llm.output"),
    ),
)
