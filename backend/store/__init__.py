"""The one place that knows SQL for events, runs and their sums."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC, date, tzinfo

from sqlalchemy import Engine, func, select

from backend.models import Agent
from backend.store import listing, measures
from backend.store.append import append_batch, prepare
from backend.store.availability import StatementTooSlow, StoreFull, StoreUnavailable
from backend.store.cells import TIMED_TYPES
from backend.store.costs import Costs
from backend.store.cursors import Cursor
from backend.store.daily import Aggregated
from backend.store.heartbeats import last_heartbeats
from backend.store.links import links_of
from backend.store.outcomes import Duplicate, Outcome, Rejected, Stored
from backend.store.recalculation import (
    Difference,
    Recalculated,
    RecalculationNotFoundError,
    RecalculationRefusedError,
    Recalculations,
    StoredRecalculation,
    Summary,
    SummaryLine,
)
from backend.store.retention import Removed, RetentionPolicy, Retentions
from backend.store.silence import Patience
from backend.store.statistics import Statistics
from backend.store.stored import (
    EventFilter,
    EventPage,
    RunDetail,
    RunFilter,
    RunPage,
    StoredEvent,
    StoredRun,
)
from backend.store.sums import EVERYTHING, Dimension, Group, Histogram, Sums, Where
from backend.store.transactions import Transactions
from backend.store.unpriced import Unpriced, unpriced
from backend.store.upkeep import Upkeep
from backend.store.warnings import WarningCount, warning_counts
from backend.store.windows import Window, day_at, day_window
from otel_bridge.event import Event, SpanLink
from otel_bridge.pricing import PriceBook

__all__ = [
    "EVERYTHING",
    "Aggregated",
    "Cursor",
    "Difference",
    "Dimension",
    "Duplicate",
    "EventFilter",
    "EventPage",
    "EventStore",
    "Group",
    "Histogram",
    "Outcome",
    "Patience",
    "Recalculated",
    "RecalculationNotFoundError",
    "RecalculationRefusedError",
    "Rejected",
    "Removed",
    "RetentionPolicy",
    "RunDetail",
    "RunFilter",
    "RunPage",
    "StatementTooSlow",
    "StoreFull",
    "StoreUnavailable",
    "Stored",
    "StoredEvent",
    "StoredRecalculation",
    "StoredRun",
    "Summary",
    "SummaryLine",
    "Sums",
    "Unpriced",
    "WarningCount",
    "Where",
    "Window",
    "day_at",
    "day_window",
]


def _now_us() -> int:
    return time.time_ns() // 1000


class EventStore(Recalculations, Retentions, Upkeep):
    """Events, runs and roll-ups of every owner, on SQLite or PostgreSQL.

    Times are Unix microseconds, windows half-open, money nano-USD. Every method raises
    `StoreUnavailable` where the database cannot be reached in time.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        max_agents_per_owner: int = 1000,
        patience: Patience | None = None,
        clock_us: Callable[[], int] = _now_us,
    ) -> None:
        super().__init__(Transactions(engine, clock_us=clock_us))
        self._statistics = Statistics(engine)
        self._clock_us = clock_us
        self._max_agents = max_agents_per_owner
        self._patience = patience or Patience()

    def append(
        self,
        owner_id: int,
        events: Sequence[Event],
        *,
        links: Sequence[SpanLink] = (),
        book: PriceBook | None = None,
    ) -> list[Outcome]:
        """Store a batch in one transaction; return what became of each event, in their order.

        `book` prices the calls; without one they cost what the events say. When this returns, the
        batch is committed and every sum, run and agent shows it.
        """
        if not events and not links:
            return []
        with self._transactions.turn(owner_id):
            batch = prepare(events, links, now_us=self._clock_us(), book=book)
            outcomes = self._transactions.write(
                owner_id,
                lambda tx: append_batch(tx, batch, max_agents=self._max_agents, costs=Costs(book)),
            )
        self._statistics.gather()
        return outcomes

    def measure(
        self,
        owner_id: int,
        *,
        start_us: int,
        end_us: int,
        group_by: Sequence[Dimension] = (),
        where: Where = EVERYTHING,
        zone: tzinfo = UTC,
        latencies_of: Collection[str] = TIMED_TYPES,
    ) -> list[Group]:
        """Return the sums of a window by group; `hour` and `day` are cut in `zone`.

        `latencies_of` are the event types whose latencies are wanted: the fewer, the sooner.
        """
        return self._transactions.read(
            lambda connection: measures.measure(
                connection,
                owner_id,
                window=Window(start_us, end_us),
                group_by=group_by,
                where=where,
                zone=zone,
                latencies_of=latencies_of,
            )
        )

    def events(
        self,
        owner_id: int,
        wanted: EventFilter,
        *,
        limit: int,
        offset: int = 0,
        cursor: Cursor | None = None,
    ) -> EventPage:
        """Return a page of events, newest first."""
        return self._transactions.read(
            lambda connection: listing.events(
                connection, owner_id, wanted, limit=limit, offset=offset, cursor=cursor
            )
        )

    def runs(
        self,
        owner_id: int,
        wanted: RunFilter,
        *,
        limit: int,
        offset: int = 0,
        cursor: Cursor | None = None,
    ) -> RunPage:
        """Return a page of runs, newest first."""
        sight = self._sight()
        return self._transactions.read(
            lambda connection: listing.runs(
                connection,
                owner_id,
                wanted,
                sight=sight,
                limit=limit,
                offset=offset,
                cursor=cursor,
            )
        )

    def run(self, owner_id: int, run_id: str) -> RunDetail | None:
        """Return a run with its events, oldest first; None where the owner has no such run."""
        sight = self._sight()
        return self._transactions.read(
            lambda connection: listing.run(connection, owner_id, run_id, sight=sight)
        )

    def _sight(self) -> listing.Sight:
        return listing.Sight(self._clock_us(), self._patience)

    def warnings(self, owner_id: int, *, start_us: int, end_us: int) -> list[WarningCount]:
        """Return how many events carry which warning, the most frequent first.

        Counted are the quarter-hours that begin in the window.
        """
        window = Window(start_us, end_us)
        return self._transactions.read(
            lambda connection: warning_counts(connection, owner_id, window=window)
        )

    def unpriced(self, owner_id: int, *, start_us: int, end_us: int) -> list[Unpriced]:
        """Return the models that have calls without a price, the most calls first."""
        window = Window(start_us, end_us)
        return self._transactions.read(
            lambda connection: unpriced(connection, owner_id, window=window)
        )

    def links(
        self, owner_id: int, trace_ids: Iterable[str]
    ) -> dict[tuple[str, str], tuple[str, str]]:
        """Return (trace id, span id) → the same of the parent, of the spans that made no event."""
        sql = self._transactions.sql
        return self._transactions.read(
            lambda connection: links_of(connection, sql, owner_id, trace_ids)
        )

    def last_heartbeats(
        self, owner_id: int, *, start_us: int, end_us: int, zone: tzinfo = UTC
    ) -> dict[tuple[date, int | None], int]:
        """Return the time of the newest heartbeat by local day and agent (None: no agent)."""
        window = Window(start_us, end_us)
        return self._transactions.read(
            lambda connection: last_heartbeats(connection, owner_id, window=window, zone=zone)
        )

    def active_agents(self, owner_id: int, *, since_us: int) -> int:
        """Return how many agents have an event at or after `since_us`."""
        query = (
            select(func.count())
            .select_from(Agent)
            .where(Agent.user_id == owner_id, Agent.last_seen_us >= since_us)
        )
        return self._transactions.read(lambda connection: connection.scalar(query) or 0)
