"""Langtrace: `langtrace.service.type` beside GenAI attributes of older names.

Source: the langtrace-python-sdk package. Oddities: frameworks and vector stores write the same keys
as the providers' clients, so only the service's type tells a call.
"""

from __future__ import annotations

from otel_bridge.conventions.table import Convention
from otel_bridge.facts import Operation

LANGTRACE = Convention(
    name="langtrace",
    scopes=("langtrace_python_sdk",),
    kind_key="langtrace.service.type",
    kinds={"llm": Operation.CHAT},
    other_kind=Operation.STEP,
    weak_kinds=frozenset({"llm", "framework"}),
)
