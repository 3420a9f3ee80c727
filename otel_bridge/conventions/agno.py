"""Agno, through OpenInference.

Source: openinference-instrumentation-agno. Oddities: an agent's or team's span is named `NAME.run`
and tells its name in `agent.name`, `agno.agent` or `agno.team`; Anthropic's input leaves out cached
tokens.
"""

from __future__ import annotations

from otel_bridge.conventions.reading import first_text
from otel_bridge.conventions.table import Dialect
from otel_bridge.conventions.values import text_of
from otel_bridge.record import SpanRecord

_NAME_KEYS = ("agent.name", "agno.agent", "agno.team", "graph.node.name")
_METHODS = (".run", ".arun", ".print_response", ".continue_run", ".acontinue_run")
_CLASSES = frozenset({"agent", "team", "workflow"})


def _agent_name(record: SpanRecord) -> str | None:
    if told := first_text(record.attributes, _NAME_KEYS):
        return told
    method = next((one for one in _METHODS if record.name.endswith(one)), "")
    return text_of(record.name.removesuffix(method))


def _is_placeholder(_: SpanRecord, name: str) -> bool:
    return name.lower() in _CLASSES


AGNO = Dialect(
    name="agno",
    scopes=("openinference.instrumentation.agno",),
    agent_name=_agent_name,
    is_placeholder=_is_placeholder,
)
