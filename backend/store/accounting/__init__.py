"""What each event of a trace or run means, decided from all that is known of it.

`decide` is a pure function of a set: the order in which spans, batches or processes arrive does
not matter. It answers three questions for every event:

- Which run and which agent does it belong to? The outermost agent or workflow span is the run,
  nested ones are actions; everything belongs to the nearest agent span above it.
- Does its usage count? Each model call counts once, though an agent, a wrapper or a second tracer
  tells it again.
- Why not, if not? The reason is stored and shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from backend.store.accounting.copies import SAME_CALL_WINDOW_US, likeness_of, start_of
from backend.store.accounting.counting import count
from backend.store.accounting.entries import (
    AgentRef,
    Decision,
    Entry,
    SetAside,
    dedupe_key_shown,
    identity_of,
)
from backend.store.accounting.placement import place
from backend.store.accounting.tree import Tree

__all__ = [
    "SAME_CALL_WINDOW_US",
    "AgentRef",
    "Decision",
    "Entry",
    "SetAside",
    "decide",
    "dedupe_key_shown",
    "identity_of",
    "likeness_of",
    "start_of",
]


def decide(entries: Sequence[Entry], links: Mapping[tuple[str, str], str]) -> dict[UUID, Decision]:
    """Return the decision on every entry of a group of traces and runs.

    `links` maps (trace id, span id) of spans without events to their parent's span id.
    """
    tree = Tree.of(entries, links)
    counted = count(tree, entries, place(tree, entries))
    return {
        entry.uid: Decision(
            event_type=spot.event_type,
            run_id=spot.run_id,
            agent=spot.agent,
            counted=entry.uid not in counted.aside,
            set_aside_reason=counted.aside.get(entry.uid),
        )
        for entry, spot in zip(entries, counted.placed, strict=True)
    }
