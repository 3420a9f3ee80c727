"""The questions that pages, metrics and alerts ask of the store, as the API asks them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, select

from backend.metrics.daily import Days, daily_rows, model_rows, tool_rows
from backend.metrics.overview import overview_json
from backend.metrics.shapes import event_json
from backend.models import Agent
from backend.store import (
    EVERYTHING,
    Cursor,
    Dimension,
    EventFilter,
    EventStore,
    RunFilter,
    Where,
    day_at,
)

#: Days that begin at no quarter-hour's convenience: clocks change, and midnight is not UTC's.
_ZONE = ZoneInfo("America/New_York")
_HOUR_US = 3_600_000_000
_PAGE = 50
_RECENT = 50
_DEPTH = 100_000

_STEPS: tuple[Dimension, ...] = ("day", "hour")

Question = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Asked:
    """An owner's history that ends at `now_us`."""

    engine: Engine
    store: EventStore
    owner_id: int
    now_us: int

    def questions(self) -> dict[str, Question]:
        """Return what is asked, by its name."""
        with self.engine.connect() as connection:
            owned = Agent.user_id == self.owner_id
            agent_id = connection.scalars(select(Agent.id).where(owned).order_by(Agent.id)).first()
        run_id = self._middle_run()
        deep = self._deep_cursor()
        return {
            "overview": self._overview,
            "agents, 7 days": lambda: self._agents(7),
            "one agent, 30 days": lambda: self._agent(agent_id),
            **dict(self._time_series()),
            "models, 30 days": lambda: model_rows(self.store, self.owner_id, days=self._days(30)),
            "tools, 30 days": lambda: tool_rows(self.store, self.owner_id, days=self._days(30)),
            "events, first page": lambda: self._events(EventFilter()),
            "events, page at depth 100,000": lambda: self._events(EventFilter(), deep),
            "events, agent and type": lambda: self._events(
                EventFilter(agent_id=agent_id, event_type="llm_call")
            ),
            "events, errors": lambda: self._events(EventFilter(status="error")),
            "events, one run": lambda: self._events(EventFilter(run_id=run_id)),
            "runs, first page": lambda: self.store.runs(self.owner_id, RunFilter(), limit=_PAGE),
            "one run": lambda: self.store.run(self.owner_id, run_id),
            "alert, last 60 minutes": self._alert,
        }

    def _overview(self) -> object:
        return overview_json(
            self.store, self.owner_id, now_us=self.now_us, zone=_ZONE, unacknowledged_alerts=0
        )

    def _agents(self, days: int) -> object:
        return daily_rows(self.store, self.owner_id, days=self._days(days), where=EVERYTHING)

    def _agent(self, agent_id: int | None) -> object:
        where = Where(agent_id=agent_id)
        rows = daily_rows(self.store, self.owner_id, days=self._days(30), where=where)
        recent = self.store.events(self.owner_id, EventFilter(agent_id=agent_id), limit=_RECENT)
        return rows, [event_json(event) for event in recent.events]

    def _time_series(self) -> Iterator[tuple[str, Question]]:
        for step in _STEPS:
            yield f"by {step}, 30 days", partial(self._measure, (step,))
            yield f"by {step} and agent, 30 days", partial(self._measure, (step, "agent_id"))

    def _measure(self, group_by: Sequence[Dimension]) -> object:
        start_us, end_us = self._days(30).span_us
        return self.store.measure(
            self.owner_id, start_us=start_us, end_us=end_us, group_by=group_by, zone=_ZONE
        )

    def _events(self, wanted: EventFilter, cursor: Cursor | None = None) -> object:
        page = self.store.events(self.owner_id, wanted, limit=_PAGE, cursor=cursor)
        return [event_json(event) for event in page.events]

    def _alert(self) -> object:
        return self.store.measure(
            self.owner_id,
            start_us=self.now_us - _HOUR_US,
            end_us=self.now_us,
            group_by=("agent_id",),
        )

    def _days(self, count: int) -> Days:
        today = day_at(self.now_us, _ZONE)
        return Days(today - timedelta(days=count - 1), today, _ZONE)

    def _middle_run(self) -> str:
        """Return a run from the middle of the history."""
        middle = RunFilter(end_us=self.now_us - 15 * 24 * _HOUR_US)
        return self.store.runs(self.owner_id, middle, limit=1).runs[0].run_id

    def _deep_cursor(self) -> Cursor | None:
        """Return where the page at the depth begins, or the last page of fewer events."""
        everything = EventFilter()
        total = self.store.events(self.owner_id, everything, limit=1).total
        above = min(_DEPTH, total - _PAGE)
        return self.store.events(self.owner_id, everything, limit=1, offset=above - 1).next_cursor
