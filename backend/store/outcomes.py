"""What became of each event that was handed to the store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from backend.store.accounting import Uid


@dataclass(frozen=True, slots=True)
class Stored:
    """The event is committed under `uid`."""

    uid: Uid


@dataclass(frozen=True, slots=True)
class Duplicate:
    """An event with the same dedupe key was there first; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """The event was not stored. `reason` is a sentence for the caller."""

    reason: str
    code: Literal["unknown_agent", "agent_limit", "out_of_range"]


Outcome = Stored | Duplicate | Rejected

DUPLICATE = Duplicate()
