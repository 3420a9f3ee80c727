"""The Model Context Protocol: `mcp.method.name` on both sides of a request.

Source: OpenTelemetry's conventions for MCP and the instrumentations of the MCP SDKs. Oddities: the
client's `tools/call` is a tool's span inside that of the framework, or alone; the server's side of
the same request is only a step; `mcp.session.id` is the transport's, no conversation.
"""

from __future__ import annotations

from otel_bridge.conventions.table import Convention, Dialect
from otel_bridge.conventions.values import text_of
from otel_bridge.facts import Operation
from otel_bridge.record import SpanRecord

_METHOD = "mcp.method.name"
_CALL = "tools/call"


def _refine(record: SpanRecord, operation: Operation) -> Operation:
    """Return STEP for the server's side of a request."""
    is_tool = operation is Operation.TOOL and record.kind in ("server", "consumer")
    return Operation.STEP if is_tool else operation


def _tool_name(record: SpanRecord) -> str | None:
    method, _, name = record.name.partition(" ")
    return text_of(name) if method == _CALL else None


MCP = Convention(
    name="mcp",
    kind_key=_METHOD,
    kinds={_CALL: Operation.TOOL},
    other_kind=Operation.STEP,
    tool_name=_tool_name,
)

MCP_SERVER = Dialect(name="mcp", markers=(_METHOD,), refine=_refine)
