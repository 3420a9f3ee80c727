"""Anthropic's SDKs, which trace themselves, and the spans of the Claude API's own servers.

Source: the anthropic package from 2.0 and the vendor's cookbook. Oddities: the SDK emits spans as
soon as any tracer provider is set, beside those of every instrumentation; input is already the sum
with cached tokens; a tool runner is a loop around calls and tools; the server's span of the same
trace tells its client's call again.
"""

from __future__ import annotations

from otel_bridge.conventions.table import Dialect, in_scope
from otel_bridge.facts import Operation
from otel_bridge.record import SpanRecord

_SERVER = "com.anthropic.claude-platform"


def _refine(record: SpanRecord, operation: Operation) -> Operation:
    """Return STEP for the server's side, LOOP for a runner of tools, which names no agent."""
    if in_scope(record.scope_name, _SERVER) and operation.is_call:
        return Operation.STEP
    is_unnamed = "gen_ai.agent.name" not in record.attributes
    return Operation.LOOP if operation is Operation.AGENT and is_unnamed else operation


ANTHROPIC_SDK = Dialect(name="anthropic_sdk", scopes=("com.anthropic.sdk", _SERVER), refine=_refine)
