"""How things ended: as their spans say, but for runs that a failed call or tool aborted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from backend.store.accounting.counting import Count
from backend.store.accounting.entries import Entry, Uid


def statuses(entries: Sequence[Entry], counted: Count) -> dict[Uid, str]:
    """Return the status of every entry.

    A run is an error although its span says nothing of it where the last thing that it did, a model
    call or a tool, failed. What a client says of a run by hand stays as it is said.
    """
    told = {entry.uid: entry.status for entry in entries}
    pairs = list(zip(entries, counted.placed, strict=True))
    ends = [
        (entry, place.run_id)
        for entry, place in pairs
        if place.event_type == "run_finished"
        and place.run_id is not None
        and entry.status != "error"
        and entry.operation
    ]
    if not ends:
        return told
    steps: dict[str | None, list[Entry]] = defaultdict(list)
    for entry, place in pairs:
        if place.event_type in ("llm_call", "tool_call") and entry.uid not in counted.aside:
            steps[place.run_id].append(entry)
    told.update({end.uid: "error" for end, run_id in ends if _was_aborted(steps[run_id])})
    return told


def _was_aborted(steps: Sequence[Entry]) -> bool:
    """Whether the last thing that a run did failed: nothing succeeded after it.

    A failed tool that is handled is told to the model, so that a call follows; that can only be
    seen where the run's calls are.
    """
    has_calls = any(step.event_type == "llm_call" for step in steps)
    failed_us, succeeded_us = -1, -1
    for step in steps:
        if step.status != "error":
            succeeded_us = max(succeeded_us, step.created_us)
        elif has_calls:
            failed_us = max(failed_us, step.created_us)
    return failed_us > succeeded_us
