"""The levels of the roll-ups: how each is cut in time, and what it is folded over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import NamedTuple

from backend.store.calendars import Calendar, Step
from backend.store.windows import Span

_NAMES = frozenset({"provider", "model", "tool"})


class Key(NamedTuple):
    """The key of a roll-up within its owner and level; its fields are the table's columns."""

    bucket_us: int
    agent_id: int
    event_type: str
    status: str
    provider: str
    model: str
    tool: str


@dataclass(frozen=True, slots=True)
class Level:
    """Sums by `step`, event type and status, and by agent and by provider, model and tool or not.

    Every level holds every event once, so that a question is answered from one level alone. Of one
    step those with lower numbers are smaller.
    """

    number: int
    step: Step
    has_agents: bool
    has_names: bool
    #: The smallest level that it can be folded from.
    source: Level | None = None

    def key_of(self, key: Key, bucket_us: int) -> Key:
        """Return the key of the sums that hold those of a quarter-hour."""
        return Key(
            bucket_us,
            key.agent_id if self.has_agents else 0,
            key.event_type,
            key.status,
            *(key[4:] if self.has_names else ("", "", "")),
        )

    def tells(self, dimensions: AbstractSet[str]) -> bool:
        """Whether the level's keys tell these dimensions apart."""
        return (self.has_agents or "agent_id" not in dimensions) and (
            self.has_names or dimensions.isdisjoint(_NAMES)
        )


QUARTERS = Level(0, "quarter", has_agents=True, has_names=True)
_HOURS_BY_NAME = Level(2, "hour", has_agents=False, has_names=True, source=QUARTERS)
_HOURS_BY_AGENT = Level(3, "hour", has_agents=True, has_names=False, source=QUARTERS)
_HOURS = Level(1, "hour", has_agents=False, has_names=False, source=_HOURS_BY_NAME)
DAYS = Level(4, "day", has_agents=False, has_names=True, source=_HOURS_BY_NAME)
_DAYS_BY_AGENT = Level(5, "day", has_agents=True, has_names=False, source=_HOURS_BY_AGENT)
_DAYS_OF_AGENTS_BY_NAME = Level(6, "day", has_agents=True, has_names=True, source=QUARTERS)

#: What is folded from the quarter-hours, each after its source. A level costs every insert, so
#: there are only those that a page asks for: the hours of an agent have no models and tools.
FOLDED = (
    _HOURS_BY_NAME,
    _HOURS_BY_AGENT,
    _HOURS,
    DAYS,
    _DAYS_BY_AGENT,
    _DAYS_OF_AGENTS_BY_NAME,
)


def levels_for(dimensions: AbstractSet[str], steps: Sequence[Step]) -> list[Level]:
    """Return of each step the smallest level that tells the dimensions apart, if there is one."""
    telling = sorted(
        (level for level in (QUARTERS, *FOLDED) if level.tells(dimensions)),
        key=lambda level: level.number,
    )
    found = (next((one for one in telling if one.step == step), None) for step in steps)
    return [level for level in found if level is not None]


def cut(
    window: Span, levels: Sequence[Level], calendar: Calendar
) -> Iterator[tuple[Level | None, Span]]:
    """Yield the parts of a bounded window, each with the first level that holds it whole.

    What is left over at the edges is yielded without a level: it must be counted row by row.
    """
    if window.is_empty:
        return
    if not levels:
        yield None, window
        return
    level, *finer = levels
    whole = calendar.whole(level.step, window)
    if whole is None:
        yield from cut(window, finer, calendar)
        return
    yield level, whole
    yield from cut(Span(window.start_us, whole.start_us), finer, calendar)
    yield from cut(Span(whole.end_us, window.end_us), finer, calendar)
