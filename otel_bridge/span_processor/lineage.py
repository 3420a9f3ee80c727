"""Which spans without events must be told, because spans with events stand below them."""

from __future__ import annotations

from collections import OrderedDict

from otel_bridge.event import SpanLink

_CAPACITY = 8192

_SpanKey = tuple[str, str]


class Lineage:
    """Finds the links that the backend needs to walk from a call up to its agent.

    An HTTP or database span makes no event. It is of interest only where it stands above a span
    that does, directly or through others of its kind, and either may end first. So two bounded
    memories are kept: the parents that are asked for, and the spans nobody has asked for yet. The
    oldest entries are forgotten first; a link that is missing costs an attribution, never a number.
    """

    def __init__(self, capacity: int = _CAPACITY) -> None:
        self._capacity = capacity
        self._wanted: OrderedDict[_SpanKey, None] = OrderedDict()
        self._spare: OrderedDict[_SpanKey, SpanLink] = OrderedDict()

    def with_events(
        self, trace_id: str, span_id: str | None, parent_span_id: str | None
    ) -> list[SpanLink]:
        """Return the links above something that makes events; `span_id` is its own, if a span."""
        if span_id is not None:
            self._wanted.pop((trace_id, span_id), None)
        return self._above(trace_id, parent_span_id)

    def without_events(self, link: SpanLink) -> list[SpanLink]:
        """Return what is to be told now of a span without events: often nothing."""
        key = (link.trace_id, link.span_id)
        if key not in self._wanted:
            self._spare[key] = link
            if len(self._spare) > self._capacity:
                self._spare.popitem(last=False)
            return []
        del self._wanted[key]
        return self.leading_on(link)

    def leading_on(self, link: SpanLink) -> list[SpanLink]:
        """Return a link that is to be told, and those above it."""
        return [link, *self._above(link.parent_trace_id or link.trace_id, link.parent_span_id)]

    def _above(self, trace_id: str, span_id: str | None) -> list[SpanLink]:
        """Return the known links from `span_id` upwards, and want the first one not known."""
        links = []
        while span_id is not None:
            link = self._spare.pop((trace_id, span_id), None)
            if link is None:
                self._want((trace_id, span_id))
                break
            links.append(link)
            trace_id, span_id = link.parent_trace_id or trace_id, link.parent_span_id
        return links

    def _want(self, key: _SpanKey) -> None:
        self._wanted[key] = None
        self._wanted.move_to_end(key)
        if len(self._wanted) > self._capacity:
            self._wanted.popitem(last=False)
