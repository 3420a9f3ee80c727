"""What each event of a trace or run means, decided from all that is known of it.

`decide` is a pure function of a set: the order in which spans, batches or processes arrive does
not matter. It answers these questions for every event:

- Which run and which agent does it belong to? The outermost agent or workflow span is the run,
  nested ones are actions; everything belongs to the nearest agent span above it.
- Does its usage count? Each model call counts once, though an agent, a wrapper or a second tracer
  tells it again.
- Why not, if not? The reason is stored and shown.
- What do all the events of one call tell together, and how did a run end?
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from backend.store.accounting.counting import count
from backend.store.accounting.entries import (
    CARRIED,
    AgentRef,
    Decision,
    Entry,
    SetAside,
    Told,
    Uid,
    dedupe_key_shown,
    identity_of,
    is_log_scope,
    lasting_key,
    own_key,
)
from backend.store.accounting.likeness import (
    LOG_LAG_US,
    MAX_OVERHANG_US,
    SAME_CALL_WINDOW_US,
    likeness_of,
    outputs_of,
    start_of,
)
from backend.store.accounting.outcome import statuses
from backend.store.accounting.placement import place
from backend.store.accounting.tree import Key, Tree

__all__ = [
    "CARRIED",
    "LOG_LAG_US",
    "MAX_OVERHANG_US",
    "SAME_CALL_WINDOW_US",
    "AgentRef",
    "Decision",
    "Entry",
    "Key",
    "SetAside",
    "Told",
    "Uid",
    "decide",
    "dedupe_key_shown",
    "identity_of",
    "is_log_scope",
    "lasting_key",
    "likeness_of",
    "outputs_of",
    "own_key",
    "start_of",
]


def decide(entries: Sequence[Entry], links: Mapping[Key, Key]) -> dict[Uid, Decision]:
    """Return the decision on every entry of a group of traces and runs.

    `links` maps (trace id, span id) of spans without events to the same of their parents.
    """
    tree = Tree.of(entries, links)
    counted = count(tree, entries, place(tree, entries))
    status = statuses(entries, counted)
    return {
        entry.uid: Decision(
            event_type=spot.event_type,
            status=status[entry.uid],
            run_id=spot.run_id,
            agent=spot.agent,
            counted=entry.uid not in counted.aside,
            set_aside_reason=counted.aside.get(entry.uid),
            told=counted.told.get(entry.uid),
            kept=counted.kept.get(entry.uid),
        )
        for entry, spot in zip(entries, counted.placed, strict=True)
    }
