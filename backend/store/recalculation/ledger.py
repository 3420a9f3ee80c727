"""Which recalculations an owner made, who works on one, and how far it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, insert, select, update

from backend.models import RecalculationRow
from backend.store.recalculation.differences import NO_DIFFERENCE, Change, Difference
from backend.store.recalculation.reading import Position
from backend.store.transactions import Transaction
from backend.store.windows import Window

#: A step takes a second at most; who is silent for so long is taken for dead.
SILENT_US = 30 * 1_000_000


class RecalculationNotFoundError(Exception):
    """The owner has no such recalculation."""


class RecalculationRefusedError(Exception):
    """The recalculation cannot be done now, or not any more; the text says why."""


@dataclass(frozen=True, slots=True)
class StoredRecalculation:
    """One recalculation. `status` is `running`, `done`, `undoing` or `undone`.

    `events` were changed; `difference` speaks of those that count. An undo `restored` some and
    `skipped` others, which had changed since. Times are Unix microseconds.
    """

    id: int
    start_us: int
    end_us: int
    status: str
    #: Whoever ran it is silent: it can be resumed or undone.
    is_interrupted: bool
    events: int
    difference: Difference
    restored: int
    skipped: int
    created_us: int
    finished_us: int | None
    undone_us: int | None


@dataclass(frozen=True, slots=True)
class Work:
    """A recalculation, and who works on it."""

    recalculation_id: int
    runner: UUID


_Found = Row[Any]
_OPEN = ("running", "undoing")
#: From which states a recalculation may be taken up, by what shall be done with it.
_FROM = {"running": ("running",), "undoing": ("done", "running", "undoing")}
_STORED = RecalculationRow.__table__


def begin(tx: Transaction, window: Window, runner: UUID) -> int:
    """Return the id of a new recalculation, which `runner` works on.

    Raises `RecalculationRefusedError` while the owner has an unfinished one.
    """
    found = _unfinished(tx)
    if found is not None:
        if found.runner == runner:
            # An earlier attempt was committed, and only its answer was lost.
            return int(found.id)
        raise RecalculationRefusedError(_in_the_way(found, tx.now_us))
    new = {
        "user_id": tx.owner_id,
        "start_us": window.start_us,
        "end_us": window.end_us,
        "status": "running",
        "runner": runner,
        "beat_us": tx.now_us,
        "created_us": tx.now_us,
    }
    return tx.connection.scalars(
        insert(RecalculationRow).values(new).returning(RecalculationRow.id)
    ).one()


def take_up(tx: Transaction, work: Work, *, status: str) -> None:
    """Go on with a recalculation (`running`), or take it back (`undoing`).

    Raises `RecalculationNotFoundError`, and `RecalculationRefusedError` where it is under way, is
    past that, or another one is unfinished.
    """
    found = _row(tx.connection, tx.owner_id, work.recalculation_id)
    if found.runner == work.runner:
        return
    if found.status not in _FROM[status]:
        raise RecalculationRefusedError(f"recalculation {found.id} is {found.status} already")
    other = _unfinished(tx)
    if other is not None and (other.id != found.id or not _is_silent(other, tx.now_us)):
        raise RecalculationRefusedError(_in_the_way(other, tx.now_us))
    start = {} if found.status == status else {"at_us": None, "at_uid": None}
    _write(tx, work, status=status, runner=work.runner, **start)


def what_is_left(tx: Transaction, work: Work) -> tuple[Window, Position | None]:
    """Return the window, and up to where it is done; raises as `position_of` does."""
    found = _held(tx, work)
    return Window(found.start_us, found.end_us), _position(found)


def position_of(tx: Transaction, work: Work) -> Position | None:
    """Return up to where the work is done; raises where another runner took it up meanwhile."""
    return _position(_held(tx, work))


def _position(found: _Found) -> Position | None:
    return None if found.at_us is None else Position(found.at_us, found.at_uid)


def _held(tx: Transaction, work: Work) -> _Found:
    found = _row(tx.connection, tx.owner_id, work.recalculation_id)
    if found.runner != work.runner:
        raise RecalculationRefusedError(
            f"recalculation {found.id} was silent for too long, and somebody else took it up"
        )
    return found


def note(tx: Transaction, work: Work, changes: Sequence[Change], *, upto: Position) -> None:
    """Count what was changed, and keep that all up to a position is done."""
    found = _held(tx, work)
    more = sum(map(Difference.of, changes), NO_DIFFERENCE)
    _write(
        tx,
        work,
        at_us=upto.created_us,
        at_uid=upto.uid,
        events=found.events + len(changes),
        **{name: getattr(found, name) + getattr(more, name) for name in Difference.__slots__},
    )


def note_undone(
    tx: Transaction, work: Work, *, restored: int, skipped: int, upto: Position
) -> None:
    """Count what an undo did, and keep how far it is."""
    found = _held(tx, work)
    _write(
        tx,
        work,
        at_us=upto.created_us,
        at_uid=upto.uid,
        restored=found.restored + restored,
        skipped=found.skipped + skipped,
    )


def finish(tx: Transaction, work: Work, *, status: str) -> None:
    """End the work: `done` or `undone`."""
    _held(tx, work)
    time = "finished_us" if status == "done" else "undone_us"
    _write(tx, work, status=status, **{time: tx.now_us})


def stored(
    connection: Connection, owner_id: int, recalculation_id: int, *, now_us: int
) -> StoredRecalculation:
    """Return one recalculation. Raises `RecalculationNotFoundError`."""
    return _stored_of(_row(connection, owner_id, recalculation_id), now_us)


def all_stored(connection: Connection, owner_id: int, *, now_us: int) -> list[StoredRecalculation]:
    """Return the owner's recalculations, newest first."""
    found = connection.execute(
        select(_STORED)
        .where(RecalculationRow.user_id == owner_id)
        .order_by(RecalculationRow.id.desc())
    )
    return [_stored_of(row, now_us) for row in found]


def _stored_of(row: _Found, now_us: int) -> StoredRecalculation:
    return StoredRecalculation(
        id=row.id,
        start_us=row.start_us,
        end_us=row.end_us,
        status=row.status,
        is_interrupted=row.status in _OPEN and _is_silent(row, now_us),
        events=row.events,
        difference=Difference(*(getattr(row, name) for name in Difference.__slots__)),
        restored=row.restored,
        skipped=row.skipped,
        created_us=row.created_us,
        finished_us=row.finished_us,
        undone_us=row.undone_us,
    )


def _row(connection: Connection, owner_id: int, recalculation_id: int) -> _Found:
    found = connection.execute(
        select(_STORED).where(
            RecalculationRow.id == recalculation_id, RecalculationRow.user_id == owner_id
        )
    ).one_or_none()
    if found is None:
        raise RecalculationNotFoundError(f"there is no recalculation {recalculation_id}")
    return found


def _unfinished(tx: Transaction) -> _Found | None:
    return tx.connection.execute(
        select(_STORED).where(
            RecalculationRow.user_id == tx.owner_id, RecalculationRow.status.in_(_OPEN)
        )
    ).one_or_none()


def _is_silent(found: _Found, now_us: int) -> bool:
    return bool(now_us - found.beat_us > SILENT_US)


def _in_the_way(found: _Found, now_us: int) -> str:
    if not _is_silent(found, now_us):
        return f"recalculation {found.id} is under way: wait until it is done"
    if found.status == "undoing":
        return f"the undo of recalculation {found.id} was interrupted: undo it again first"
    return f"recalculation {found.id} was interrupted: resume or undo it first"


def _write(tx: Transaction, work: Work, **values: Any) -> None:
    """Write what is new of a recalculation, and that its runner is alive."""
    tx.connection.execute(
        update(RecalculationRow)
        .where(RecalculationRow.id == work.recalculation_id)
        .values(beat_us=tx.now_us, **values)
    )
