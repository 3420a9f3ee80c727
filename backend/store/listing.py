"""Events and runs as lists: newest first, in pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    SQLColumnExpression,
    and_,
    func,
    or_,
    select,
)

from backend.models import Agent, EventRow, RunRow, User
from backend.store.accounting import dedupe_key_shown
from backend.store.cursors import Cursor
from backend.store.parts import Question
from backend.store.silence import Patience
from backend.store.stored import (
    EventFilter,
    EventPage,
    RunDetail,
    RunFilter,
    RunPage,
    StoredEvent,
    StoredRun,
)
from backend.store.sums import Where
from backend.store.windows import Window

_EVENT_COLUMNS = [
    getattr(EventRow, name) for name in StoredEvent.__slots__ if name not in ("agent", "dedupe_key")
]
_SPAN_AT = [StoredEvent.__slots__.index(name) for name in ("event_type", "trace_id", "span_id")]
_RUN_COLUMNS = [
    getattr(RunRow, name) for name in StoredRun.__slots__ if name not in ("agent", "is_stuck")
]


@dataclass(frozen=True, slots=True)
class Sight:
    """When runs are looked at, and for how long they may have been silent by then."""

    now_us: int
    patience: Patience

    def of(self, run: StoredRun) -> StoredRun:
        """Return the run as it is seen."""
        return self.patience.settled(run, now_us=self.now_us)


def events(
    connection: Connection,
    owner_id: int,
    wanted: EventFilter,
    *,
    limit: int,
    offset: int = 0,
    cursor: Cursor | None = None,
) -> EventPage:
    """Return the page after `cursor`, or after `offset` events."""
    query = _events().where(*_conditions(owner_id, wanted))
    if cursor is not None:
        at, last = _told("created_us", wanted), bytes.fromhex(cursor.identity)
        query = query.where(_before(at, EventRow.uid, cursor, last))
    found = connection.execute(
        query.order_by(_told("created_us", wanted).desc(), EventRow.uid.desc())
        .offset(offset if offset and cursor is None else None)
        .limit(limit + 1)
    ).all()
    page = [_event_of(values) for values in found[:limit]]
    more = len(found) > limit
    return EventPage(
        page,
        _count(connection, owner_id, wanted),
        Cursor("event", page[-1].created_us, page[-1].uid.hex()) if more else None,
    )


def runs(
    connection: Connection,
    owner_id: int,
    wanted: RunFilter,
    *,
    sight: Sight,
    limit: int,
    offset: int = 0,
    cursor: Cursor | None = None,
) -> RunPage:
    """Return the page after `cursor`, or after `offset` runs."""
    conditions = _run_conditions(owner_id, wanted, sight)
    query = _runs().where(*conditions)
    if cursor is not None:
        query = query.where(_before(RunRow.started_us, RunRow.run_id, cursor, cursor.identity))
    found = connection.execute(
        query.order_by(RunRow.started_us.desc(), RunRow.run_id.desc())
        .offset(offset if offset and cursor is None else None)
        .limit(limit + 1)
    ).all()
    page = [sight.of(StoredRun(*values)) for values in found[:limit]]
    more = len(found) > limit
    total = connection.scalar(select(func.count()).select_from(RunRow).where(*conditions))
    return RunPage(
        page,
        total or 0,
        Cursor("run", page[-1].started_us, page[-1].run_id) if more else None,
    )


def run(connection: Connection, owner_id: int, run_id: str, *, sight: Sight) -> RunDetail | None:
    """Return a run with its events; None where the owner has no such run."""
    found = connection.execute(
        _runs().where(RunRow.user_id == owner_id, RunRow.run_id == run_id)
    ).one_or_none()
    if found is None:
        return None
    rows = connection.execute(
        _events()
        .where(EventRow.user_id == owner_id, EventRow.run_id == run_id)
        .order_by(_told("created_us", EventFilter(run_id=run_id)), EventRow.uid)
    )
    return RunDetail(sight.of(StoredRun(*found)), [_event_of(values) for values in rows])


def _told(name: str, wanted: EventFilter) -> SQLColumnExpression[Any]:
    """Return a column of events; in a form that no index holds where a run is wanted.

    SQLite takes other indexes for as good as the run's, whose events are few; to save sorting these
    it would even walk all of the owner's events in the order of their times.
    """
    column: SQLColumnExpression[Any] = getattr(EventRow, name)
    return column if wanted.run_id is None else func.coalesce(column, column)


def _events() -> Select[Any]:
    return select(*_EVENT_COLUMNS, Agent.name, EventRow.identity, EventRow.dedupe_key).outerjoin(
        Agent, Agent.id == EventRow.agent_id
    )


def _runs() -> Select[Any]:
    return select(*_RUN_COLUMNS, Agent.name).outerjoin(Agent, Agent.id == RunRow.agent_id)


def _event_of(values: Sequence[Any]) -> StoredEvent:
    *told, identity, own_key = values
    event_type, trace_id, span_id = (told[at] for at in _SPAN_AT)
    told.append(
        None
        if identity is None
        else dedupe_key_shown(own_key, span=(trace_id, span_id), event_type=event_type)
    )
    return StoredEvent(*told)


def _before(
    time: SQLColumnExpression[int], identity: SQLColumnExpression[Any], cursor: Cursor, last: Any
) -> ColumnElement[bool]:
    """Return the condition that an item comes after the cursor's, newest first."""
    # The first half alone lets both databases walk the index from the right place.
    return and_(time <= cursor.time_us, or_(time < cursor.time_us, identity < last))


def _conditions(owner_id: int, wanted: EventFilter) -> list[ColumnElement[bool]]:
    conditions = [EventRow.user_id == owner_id, *_window(wanted).holds(_told("created_us", wanted))]
    if wanted.run_id is not None:
        conditions.append(EventRow.run_id == wanted.run_id)
    if wanted.agent_id is not None:
        conditions.append(_is_agent(_told("agent_id", wanted), wanted.agent_id))
    for name in ("event_type", "status", "model"):
        value = getattr(wanted, name)
        if value is not None:
            conditions.append(_told(name, wanted) == value)
    if wanted.warning is not None:
        conditions.append(
            or_(
                EventRow.warnings.contains(f" {wanted.warning} ", autoescape=True),
                EventRow.set_aside_reason == wanted.warning,
            )
        )
        # So that the databases see which index holds these events.
        conditions.append(
            or_(EventRow.warnings.is_not(None), EventRow.set_aside_reason.is_not(None))
        )
    return conditions


def _run_conditions(owner_id: int, wanted: RunFilter, sight: Sight) -> list[ColumnElement[bool]]:
    window = Window(wanted.start_us, wanted.end_us)
    conditions = [RunRow.user_id == owner_id, *window.holds(RunRow.started_us)]
    if wanted.agent_id is not None:
        conditions.append(_is_agent(RunRow.agent_id, wanted.agent_id))
    if wanted.status is not None:
        conditions.append(sight.patience.has_status(wanted.status, now_us=sight.now_us))
    return conditions


def _is_agent(column: SQLColumnExpression[Any], agent_id: int) -> ColumnElement[bool]:
    return column == agent_id if agent_id else column.is_(None)


def _window(wanted: EventFilter) -> Window:
    return Window(wanted.start_us, wanted.end_us)


def _count(connection: Connection, owner_id: int, wanted: EventFilter) -> int:
    """Return how many events the filter lets through: from the sums, but for ragged edges.

    Only a run and a warning have no sums; their events are few, and so are those that retention
    has left of a time whose sums tell of more.
    """
    if wanted.run_id is not None or wanted.warning is not None:
        return _count_rows(connection, owner_id, wanted)
    since_us = connection.scalar(select(User.raw_since_us).where(User.id == owner_id)) or 0
    if since_us <= (wanted.start_us or 0):
        return _count_summed(connection, owner_id, wanted)
    end_us = since_us if wanted.end_us is None else min(since_us, wanted.end_us)
    rest = replace(wanted, start_us=since_us)
    return _count_rows(connection, owner_id, replace(wanted, end_us=end_us)) + (
        0 if _window(rest).is_empty else _count_summed(connection, owner_id, rest)
    )


def _count_rows(connection: Connection, owner_id: int, wanted: EventFilter) -> int:
    query = select(func.count()).select_from(EventRow).where(*_conditions(owner_id, wanted))
    return connection.scalar(query) or 0


def _count_summed(connection: Connection, owner_id: int, wanted: EventFilter) -> int:
    where = Where(
        agent_id=wanted.agent_id,
        event_type=wanted.event_type,
        status=wanted.status,
        model=wanted.model,
    )
    question = Question.about(connection, owner_id, window=_window(wanted), where=where)
    counts = (
        part.select(func.coalesce(func.sum(part.table.c.events), 0)) for part in question.parts()
    )
    return sum(int(connection.scalars(count).one()) for count in counts)
