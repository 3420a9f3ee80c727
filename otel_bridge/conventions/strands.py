"""Strands Agents: GenAI attributes, every usage under two names.

Source: the strands-agents package. Oddities: the framework stands where the provider belongs; an
agent span's usage is the sum over the life of the agent object; an error that a tool answered is
told by `gen_ai.tool.status` alone; up to 1.40 input leaves out cached tokens as Bedrock does, which
later releases settle by the total.
"""

from __future__ import annotations

from otel_bridge.conventions.table import Convention, Dialect, FactKeys
from otel_bridge.record import SpanRecord

_SCOPES = ("strands.telemetry.tracer", "strands-agents")


def _is_placeholder(record: SpanRecord, name: str) -> bool:
    """Whether it names the kind of a group of agents, as older releases do."""
    return record.attributes.get("gen_ai.operation.name") == f"invoke_{name}"


STRANDS_GROUPS = Dialect(name="strands", scopes=_SCOPES, is_placeholder=_is_placeholder)

STRANDS = Convention(
    name="strands",
    scopes=_SCOPES,
    markers=("event_loop.cycle_id",),
    failed_when={"gen_ai.tool.status": frozenset({"error"})},
    keys=FactKeys(run_id=("event_loop.cycle_id",)),
)
