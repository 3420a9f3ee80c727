"""LangSmith's OpenTelemetry export: `langsmith.span.kind` is the run's type.

Source: the langsmith package. Oddities: `gen_ai.operation.name` repeats the type, and is wrong for
retrievers and prompts; `gen_ai.system` is guessed, `langchain` by default; details of usage are the
text of a Python dict; any run whose output is a message repeats its usage; agents are chains that
only the metadata tells; `langsmith.trace.session_id` is the project, no session.
"""

from __future__ import annotations

from otel_bridge.conventions.table import (
    Convention,
    FactKeys,
    Inside,
    ReportedUsage,
    first_count,
)
from otel_bridge.conventions.values import literal_of, text_of
from otel_bridge.facts import Operation
from otel_bridge.record import SpanRecord

_INPUT_DETAILS = "gen_ai.usage.input_token_details"
_OUTPUT_DETAILS = "gen_ai.usage.output_token_details"
_METADATA = "langsmith.metadata."


def _refine(record: SpanRecord, operation: Operation) -> Operation:
    """Return AGENT for the chain that its metadata calls an agent, WORKFLOW for a root graph."""
    if operation is not Operation.STEP:
        return operation
    attributes = record.attributes
    if f"{_METADATA}langgraph_node" in attributes:
        is_agent = text_of(attributes.get(f"{_METADATA}lc_agent_name")) == record.name
        return Operation.AGENT if is_agent else operation
    if text_of(attributes.get(f"{_METADATA}lc_agent_name")) is not None:
        return Operation.AGENT
    is_graph = attributes.get(f"{_METADATA}ls_integration") == "langgraph"
    return Operation.WORKFLOW if is_graph and record.parent_span_id is None else operation


def _agent_name(record: SpanRecord) -> str | None:
    told = text_of(record.attributes.get(f"{_METADATA}lc_agent_name"))
    return told or text_of(record.name)


def _span_name(record: SpanRecord) -> str | None:
    return text_of(record.name)


def _read_parts(record: SpanRecord) -> ReportedUsage | None:
    of_input = literal_of(record.attributes.get(_INPUT_DETAILS))
    of_output = literal_of(record.attributes.get(_OUTPUT_DETAILS))
    return ReportedUsage(
        tokens_cache_read=first_count(of_input, ("cache_read",)),
        tokens_cache_write=first_count(of_input, ("cache_creation",)),
        tokens_reasoning=first_count(of_output, ("reasoning",)),
        tokens_audio_in=first_count(of_input, ("audio",)),
        tokens_audio_out=first_count(of_output, ("audio",)),
    )


LANGSMITH = Convention(
    name="langsmith",
    scopes=("langsmith",),
    kind_key="langsmith.span.kind",
    kinds={
        "llm": Operation.CHAT,
        "tool": Operation.TOOL,
        "embedding": Operation.EMBEDDINGS,
    },
    other_kind=Operation.STEP,
    refine=_refine,
    agent_name=_agent_name,
    tool_name=_span_name,
    parts_inside=Inside(_read_parts, (_INPUT_DETAILS, _OUTPUT_DETAILS)),
    keys=FactKeys(
        provider=("langsmith.metadata.ls_provider",),
        request_model=("langsmith.metadata.ls_model_name",),
        session=(
            "langsmith.metadata.session_id",
            "langsmith.metadata.thread_id",
            "langsmith.metadata.conversation_id",
        ),
        user=("langsmith.metadata.user_id",),
        output=("gen_ai.completion",),
    ),
)
