"""LangChain and LangGraph, through OpenInference and MLflow.

Source: openinference-instrumentation-langchain and langgraph. Oddities: every run with "agent" in
its name is called an AGENT, so nodes and tools are, and a graph of another name is a CHAIN; the
metadata (JSON) tells nodes (`langgraph_node`) and agents (`lc_agent_name`) apart; of a stream only
the answer tells the dated model.
"""

from __future__ import annotations

from typing import Any

from otel_bridge.conventions.answers import answering_model_in
from otel_bridge.conventions.table import Dialect
from otel_bridge.conventions.values import object_of, text_of
from otel_bridge.facts import Operation
from otel_bridge.record import SpanRecord

_GRAPHS = frozenset({"langgraph", "langchain_create_agent"})
_NO_NAMES = frozenset({"langgraph", "compiledstategraph", "compiledgraph", "pregel"})


def _metadata(record: SpanRecord) -> dict[str, Any]:
    return object_of(record.attributes.get("metadata"))


def _refine(record: SpanRecord, operation: Operation) -> Operation:
    """Return what the metadata tells: a node is a step, a named graph is an agent or a workflow."""
    if operation not in (Operation.AGENT, Operation.STEP):
        return operation
    metadata = _metadata(record)
    agent = text_of(metadata.get("lc_agent_name"))
    if text_of(metadata.get("langgraph_node")) is not None:
        return Operation.AGENT if agent == record.name else Operation.STEP
    if operation is Operation.AGENT or agent is not None:
        return Operation.AGENT
    is_graph = text_of(metadata.get("ls_integration")) in _GRAPHS and record.parent_span_id is None
    return Operation.WORKFLOW if is_graph else operation


def _agent_name(record: SpanRecord) -> str | None:
    return text_of(_metadata(record).get("lc_agent_name")) or text_of(record.name)


def _answered_model(record: SpanRecord) -> str | None:
    return answering_model_in(record.attributes.get("output.value"))


def _is_placeholder(_: SpanRecord, name: str) -> bool:
    return name.lower() in _NO_NAMES


LANGGRAPH = Dialect(
    name="langgraph",
    scopes=(
        "openinference.instrumentation.langchain",
        "@arizeai/openinference-instrumentation-langchain",
        "mlflow.tracing.provider",
    ),
    refine=_refine,
    agent_name=_agent_name,
    is_placeholder=_is_placeholder,
    answered_model=_answered_model,
)
