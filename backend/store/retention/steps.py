"""One transaction of retention each: short, and whole in itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, or_, select, tuple_, update

from backend.models import (
    EventRow,
    RecalculationChange,
    RecalculationRow,
    RunRow,
    SpanLinkRow,
    User,
)
from backend.store.accounting import Uid
from backend.store.retention.policy import Cut
from backend.store.statements import chunks
from backend.store.transactions import Transaction
from backend.store.windows import QUARTER_US

#: Column → the index by which the events that share its value are found.
_INDEX_OF = {"trace_id": "ix_obs_events_trace", "run_id": "ix_obs_events_run"}


@dataclass(frozen=True, slots=True)
class Step:
    """What one transaction removed, and after which row the next one goes on; None: all is done."""

    events: int = 0
    runs: int = 0
    after: tuple[Any, ...] | None = None


def delete_events(tx: Transaction, cut: Cut, *, after: tuple[Any, ...] | None, limit: int) -> Step:
    """Delete the next events before the cut, oldest first, and the runs that have none left.

    What goes on is kept whole: a decision about half a trace would change sums that are right.
    """
    found = _oldest_events(tx, cut, after, limit)
    going_on = {
        column: _with_events(tx, column, {getattr(row, column) for row in found}, cut.at_us)
        for column in _INDEX_OF
    }
    going_on["run_id"] |= _without_end(tx, {row.run_id for row in found})
    gone = [
        row
        for row in found
        if row.created_us < cut.last_us
        or not any(getattr(row, column) in alive for column, alive in going_on.items())
    ]
    if gone:
        _note_cut(tx, min(cut.at_us, _quarter_after(gone[-1].created_us)))
        _delete_events(tx, [row.uid for row in gone])
    runs = _delete_empty_runs(tx, {row.run_id for row in gone})
    return Step(len(gone), runs, after=_last(found, limit, "created_us", "uid"))


def _oldest_events(
    tx: Transaction, cut: Cut, after: tuple[Any, ...] | None, limit: int
) -> Sequence[Any]:
    query = select(EventRow.created_us, EventRow.uid, EventRow.trace_id, EventRow.run_id)
    query = query.where(EventRow.user_id == tx.owner_id, EventRow.created_us < cut.at_us)
    if after is not None:
        created_us, uid = after
        # The first half alone lets both databases walk the index from the right place.
        query = query.where(EventRow.created_us >= created_us)
        query = query.where(or_(EventRow.created_us > created_us, EventRow.uid > uid))
    return tx.connection.execute(
        query.order_by(EventRow.created_us, EventRow.uid).limit(limit)
    ).all()


def _with_events(
    tx: Transaction, column: str, values: Iterable[str | None], since_us: int
) -> set[str]:
    """Return the traces or runs that have an event at or after a time, found one by one.

    An IN list leaves the way to the planner, which may take the range of times for the rarer one.
    """
    wanted = sorted({value for value in values if value is not None})
    if not wanted:
        return set()
    if tx.sql.is_sqlite:
        statement = (
            "SELECT wanted.value FROM json_each(?) AS wanted WHERE EXISTS"  # noqa: S608 (our own names)
            f" (SELECT 1 FROM obs_events AS e INDEXED BY {_INDEX_OF[column]}"
            f" WHERE e.user_id = ? AND e.{column} = wanted.value AND e.created_us >= ?)"
        )
    else:
        statement = (
            "SELECT DISTINCT wanted.value"  # noqa: S608
            " FROM json_array_elements_text(%s::json) AS wanted (value)"
            " CROSS JOIN LATERAL (SELECT created_us FROM obs_events"
            f" WHERE user_id = %s AND {column} = wanted.value OFFSET 0) AS e"
            " WHERE e.created_us >= %s"
        )
    found = tx.connection.exec_driver_sql(statement, (*tx.sql.among(wanted, tx.owner_id), since_us))
    return {value for (value,) in found}


def _without_end(tx: Transaction, run_ids: set[str | None]) -> set[str]:
    """Return the runs without an end: what it will tell depends on what is known by then."""
    found: set[str] = set()
    for some in chunks(sorted(run_id for run_id in run_ids if run_id is not None)):
        found.update(
            tx.connection.scalars(
                select(RunRow.run_id).where(
                    RunRow.user_id == tx.owner_id,
                    RunRow.run_id.in_(some),
                    RunRow.finished_us.is_(None),
                )
            )
        )
    return found


def _note_cut(tx: Transaction, at_us: int) -> None:
    """Say that raw events before a time are not complete any more."""
    is_later = or_(User.raw_since_us.is_(None), User.raw_since_us < at_us)
    tx.connection.execute(
        update(User).where(User.id == tx.owner_id, is_later).values(raw_since_us=at_us)
    )


def _quarter_after(time_us: int) -> int:
    return (time_us // QUARTER_US + 1) * QUARTER_US


def _delete_events(tx: Transaction, uids: Sequence[Uid]) -> None:
    for some in chunks(uids):
        tx.connection.execute(delete(EventRow).where(EventRow.uid.in_(some)))


def _delete_empty_runs(tx: Transaction, run_ids: set[str | None]) -> int:
    touched = {run_id for run_id in run_ids if run_id is not None}
    empty = sorted(touched - _with_events(tx, "run_id", touched, 0))
    for some in chunks(empty):
        tx.connection.execute(
            delete(RunRow).where(RunRow.user_id == tx.owner_id, RunRow.run_id.in_(some))
        )
    return len(empty)


def delete_links(tx: Transaction, cut: Cut, *, after: tuple[Any, ...] | None, limit: int) -> Step:
    """Delete the next spans without events that came before the cut; those of kept events stay."""
    key = (SpanLinkRow.received_us, SpanLinkRow.trace_id, SpanLinkRow.span_id)
    query = select(*key).where(
        SpanLinkRow.user_id == tx.owner_id, SpanLinkRow.received_us < cut.at_us
    )
    if after is not None:
        query = query.where(SpanLinkRow.received_us >= after[0], tuple_(*key) > tuple_(*after))
    found = tx.connection.execute(query.order_by(*key).limit(limit)).all()
    kept = _with_events(tx, "trace_id", {row.trace_id for row in found}, 0)
    gone = [
        {"of_trace": row.trace_id, "of_span": row.span_id}
        for row in found
        if row.received_us < cut.last_us or row.trace_id not in kept
    ]
    if gone:
        tx.connection.execute(
            delete(SpanLinkRow).where(
                SpanLinkRow.user_id == tx.owner_id,
                SpanLinkRow.trace_id == bindparam("of_trace"),
                SpanLinkRow.span_id == bindparam("of_span"),
            ),
            gone,
        )
    return Step(after=_last(found, limit, "received_us", "trace_id", "span_id"))


def delete_changes(tx: Transaction, cut: Cut, *, after: tuple[Any, ...] | None, limit: int) -> Step:
    """Delete what recalculations changed of events that are all gone: nothing could restore it."""
    names = ("recalculation_id", "created_us", "event_uid")
    key = [getattr(RecalculationChange, name) for name in names]
    own = select(RecalculationRow.id).where(RecalculationRow.user_id == tx.owner_id)
    query = select(*key).where(key[0].in_(own), RecalculationChange.created_us < cut.last_us)
    if after is not None:
        query = query.where(tuple_(*key) > tuple_(*after))
    found = tx.connection.execute(query.order_by(*key).limit(limit)).all()
    if found:
        is_one = [
            column == bindparam(f"of_{name}") for column, name in zip(key, names, strict=True)
        ]
        tx.connection.execute(
            delete(RecalculationChange).where(*is_one),
            [{f"of_{name}": getattr(row, name) for name in names} for row in found],
        )
    return Step(after=_last(found, limit, *names))


def oldest_event_us(connection: Connection, owner_id: int) -> int | None:
    """Return when the owner's oldest raw event happened; None without any."""
    return connection.scalar(
        select(func.min(EventRow.created_us)).where(EventRow.user_id == owner_id)
    )


def has_old_rows(connection: Connection, owner_id: int, cut: Cut) -> bool:
    """Whether there may be anything before the cut, from a look at the oldest of each kind."""
    oldest_us = oldest_event_us(connection, owner_id)
    if oldest_us is not None and oldest_us < cut.at_us:
        return True
    own = select(RecalculationRow.id).where(RecalculationRow.user_id == owner_id)
    old_link = select(SpanLinkRow.trace_id).where(
        SpanLinkRow.user_id == owner_id, SpanLinkRow.received_us < cut.at_us
    )
    old_change = select(RecalculationChange.event_uid).where(
        RecalculationChange.recalculation_id.in_(own),
        RecalculationChange.created_us < cut.last_us,
    )
    return any(
        connection.execute(query.limit(1)).first() is not None for query in (old_link, old_change)
    )


def _last(found: Sequence[Any], limit: int, *key: str) -> tuple[Any, ...] | None:
    """Return the key of the last row, after which there may be more; None after a short page."""
    if len(found) < limit:
        return None
    return tuple(getattr(found[-1], name) for name in key)
