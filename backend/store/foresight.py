"""What would be decided of a batch if nothing else were known of its traces and runs.

A decision is a function of what is known and of nothing else, and most batches hold whole traces:
so it can be made before the owner's turn comes, and holds if nothing turns up by then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from backend.store.accounting import Decision, Entry, Key, Uid, decide


@dataclass(frozen=True, slots=True)
class Foresight:
    """Decisions, and what they follow from."""

    entries: Sequence[Entry]
    links: Mapping[Key, Key]
    decisions: Mapping[Uid, Decision]

    @classmethod
    def of(cls, entries: Sequence[Entry], links: Mapping[Key, Key]) -> Foresight:
        """Return what follows from these events and links alone."""
        return cls(entries, links, decide(entries, links))

    def decide(self, entries: Sequence[Entry], links: Mapping[Key, Key]) -> Mapping[Uid, Decision]:
        """Return the decision on every entry, anew only where something else is known by now."""
        if entries == self.entries and links == self.links:
            return self.decisions
        return decide(entries, links)
