"""A run's events as a tree: each below the event of its nearest known ancestor span."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from backend.metrics.shapes import event_json
from backend.store import StoredEvent

_Key = tuple[str, str]

#: Deeper events are shown at this depth: a reader's stack is finite.
MAX_DEPTH = 100


def tree_of(events: Sequence[StoredEvent], links: Mapping[_Key, _Key]) -> list[dict[str, Any]]:
    """Return the events as JSON objects with `children`, oldest first on every level.

    A span with two events (it started, it finished) has its children under the first of them.
    `links` maps (trace id, span id) of spans without events to the same of their parents.
    """
    nodes = [event_json(event) | {"children": []} for event in events]
    anchors: dict[_Key, int] = {}
    for index, event in enumerate(events):
        if event.trace_id is not None and event.span_id is not None:
            anchors.setdefault((event.trace_id, event.span_id), index)
    parents = [_parent(event, anchors, links) for event in events]
    roots: list[dict[str, Any]] = []
    for index, node in enumerate(nodes):
        above = _line(index, parents)
        # A deep line is cut: its end hangs from the ancestor at the largest depth.
        parent = above[max(0, len(above) - MAX_DEPTH)] if above else None
        (roots if parent is None else nodes[parent]["children"]).append(node)
    return roots


def _parent(
    event: StoredEvent, anchors: Mapping[_Key, int], links: Mapping[_Key, _Key]
) -> int | None:
    """Return the index of the nearest ancestor span's event; None at a root, gap or circle."""
    if event.trace_id is None:
        return None
    own = (event.trace_id, event.span_id or "")
    above = links.get(own)
    if event.parent_span_id is not None:
        above = (event.trace_id, event.parent_span_id)
    seen = {own}
    while above is not None and above not in seen:
        seen.add(above)
        found = anchors.get(above)
        if found is not None:
            return found
        above = links.get(above)
    return None


def _line(index: int, parents: Sequence[int | None]) -> list[int]:
    """Return the ancestors of an event, nearest first; none where they run in a circle."""
    line: list[int] = []
    seen = {index}
    above = parents[index]
    while above is not None:
        if above in seen:
            return []
        seen.add(above)
        line.append(above)
        above = parents[above]
    return line
