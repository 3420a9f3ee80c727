"""Turn the OpenTelemetry spans of AI agents into true numbers: cost, failures, life signs.

`configure()` is all that most programs need; the other names tell things by hand. Importing this
package starts nothing, and loads what a name needs only when the name is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from otel_bridge.errors import ConfigurationError, OtelBridgeError
    from otel_bridge.pricing import calculate_cost
    from otel_bridge.sdk import (
        agent,
        emit_event,
        finish_run,
        heartbeat,
        llm_call,
        record_usage,
        start_run,
        tool,
    )
    from otel_bridge.span_processor.configure import configure
    from otel_bridge.span_processor.exporter import ObsSpanExporter
    from otel_bridge.span_processor.processor import ObsSpanProcessor

__all__ = [
    "ConfigurationError",
    "ObsSpanExporter",
    "ObsSpanProcessor",
    "OtelBridgeError",
    "agent",
    "calculate_cost",
    "configure",
    "emit_event",
    "finish_run",
    "heartbeat",
    "llm_call",
    "record_usage",
    "start_run",
    "tool",
]

_HOMES = {
    "ConfigurationError": "otel_bridge.errors",
    "ObsSpanExporter": "otel_bridge.span_processor.exporter",
    "ObsSpanProcessor": "otel_bridge.span_processor.processor",
    "OtelBridgeError": "otel_bridge.errors",
    "calculate_cost": "otel_bridge.pricing",
    "configure": "otel_bridge.span_processor.configure",
}


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES.get(name, "otel_bridge.sdk")), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
