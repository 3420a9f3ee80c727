"""LangChain and LangGraph, through OpenInference.

Source: openinference-instrumentation-langchain and langgraph. Oddities: every run with "agent" in
its name is called an AGENT, so nodes and tools are, and a graph of another name is a CHAIN; the
metadata (JSON) tells nodes (`langgraph_node`) and agents (`lc_agent_name`) apart.
"""

from __future__ import annotations

from typing import Any

from otel_bridge.conventions.table import Dialect
from otel_bridge.conventions.values import object_of, text_of
from otel_bridge.facts import Operation
from otel_bridge.record import SpanRecord

_NO_NAMES = frozenset({"langgraph", "compiledstategraph", "compiledgraph", "pregel"})


def _metadata(record: SpanRecord) -> dict[str, Any]:
    return object_of(record.attributes.get("metadata"))


def _refine(record: SpanRecord, operation: Operation) -> Operation:
    """Return what a span is that has "agent" only in its name, and the graph for a root CHAIN."""
    if operation is Operation.AGENT:
        return _refine_agent(record)
    if operation is not Operation.STEP or record.parent_span_id is not None:
        return operation
    metadata = _metadata(record)
    is_graph = metadata.get("ls_integration") == "langgraph" and "langgraph_node" not in metadata
    return Operation.WORKFLOW if is_graph else operation


def _refine_agent(record: SpanRecord) -> Operation:
    metadata = _metadata(record)
    is_node = text_of(metadata.get("langgraph_node")) is not None
    is_agent = text_of(metadata.get("lc_agent_name")) == record.name
    return Operation.STEP if is_node and not is_agent else Operation.AGENT


def _agent_name(record: SpanRecord) -> str | None:
    return text_of(_metadata(record).get("lc_agent_name")) or text_of(record.name)


def _is_placeholder(_: SpanRecord, name: str) -> bool:
    return name.lower() in _NO_NAMES


LANGGRAPH = Dialect(
    name="langgraph",
    scopes=(
        "openinference.instrumentation.langchain",
        "@arizeai/openinference-instrumentation-langchain",
    ),
    refine=_refine,
    agent_name=_agent_name,
    is_placeholder=_is_placeholder,
)
