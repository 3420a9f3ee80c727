"""Where a run goes on in another trace, which only a span link tells.

Source: the runtimes of the autogen-core and semantic-kernel packages. They publish and process each
message in a trace of its own, whose root is linked to the span that created the message. Other
links (a batch's sources, a retry's first try) continue nothing.
"""

from __future__ import annotations

from otel_bridge.record import SpanRecord, SpanRef

_A_TRACE_PER_MESSAGE = ("autogen", "agent_runtime")
_NO_TRACE = "0" * 32


def span_before(record: SpanRecord) -> SpanRef | None:
    """Return the span of another trace after which a root's trace goes on, None for others."""
    if record.parent_span_id is not None or not record.links:
        return None
    if not record.scope_name.startswith(_A_TRACE_PER_MESSAGE):
        return None
    linked = {link for link in record.links if link.trace_id not in (record.trace_id, _NO_TRACE)}
    return linked.pop() if len(linked) == 1 else None
