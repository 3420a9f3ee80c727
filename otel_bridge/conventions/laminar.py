"""Laminar: `lmnr.span.type` beside GenAI attributes.

Source: the lmnr package. Oddities: CACHED is an answer without a call; a DEFAULT span is whatever
the program decorated.
"""

from __future__ import annotations

from otel_bridge.conventions.table import Convention, FactKeys
from otel_bridge.conventions.values import text_of
from otel_bridge.facts import Operation
from otel_bridge.record import SpanRecord


def _tool_name(record: SpanRecord) -> str | None:
    return text_of(record.name)


LAMINAR = Convention(
    name="laminar",
    scopes=("lmnr",),
    kind_key="lmnr.span.type",
    kinds={"llm": Operation.CHAT, "tool": Operation.TOOL},
    other_kind=Operation.STEP,
    weak_kinds=frozenset({"default", "pipeline", "executor"}),
    tool_name=_tool_name,
    keys=FactKeys(
        session=("lmnr.association.properties.session_id",),
        user=("lmnr.association.properties.user_id",),
        input=("lmnr.span.input",),
        output=("lmnr.span.output",),
    ),
)
