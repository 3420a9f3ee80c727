"""What an error of the database means for whoever asked."""

from __future__ import annotations

import sqlite3
from typing import Literal

import psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

DatabaseError = DBAPIError | PoolTimeout | psycopg.Error

#: Worth another try now; worth one later; so once there is room; as slow the next time; a mistake.
Verdict = Literal["again", "away", "full", "slow", "ours"]

_OF_SQLITE: dict[int, Verdict] = {
    sqlite3.SQLITE_BUSY: "again",
    sqlite3.SQLITE_LOCKED: "again",
    sqlite3.SQLITE_CANTOPEN: "away",
    sqlite3.SQLITE_FULL: "full",
    sqlite3.SQLITE_IOERR: "away",
    sqlite3.SQLITE_PROTOCOL: "away",
    sqlite3.SQLITE_READONLY: "away",
}
#: By how a code begins, the first that fits.
_OF_POSTGRESQL: tuple[tuple[tuple[str, ...], Verdict], ...] = (
    # Canceled: it ran into its time limit.
    (("57014",), "slow"),
    (("53100",), "full"),
    # Serialization failure, deadlock, lock timeout.
    (("40001", "40P01", "55P03"), "again"),
    # Connection lost (also while it waited for us), resources exhausted, shutting down or starting,
    # a standby that cannot write.
    (("08", "25P03", "53", "57P", "25006"), "again"),
)


class StoreUnavailable(Exception):  # noqa: N818 (a state of the store, not a mistake)
    """Nothing was stored; sending the same again is safe."""


class StatementTooSlow(StoreUnavailable):
    """A statement ran into its time limit: asking for less helps, asking again does not."""


class StoreFull(StoreUnavailable):
    """The same, until there is room on the database's disk again."""


def verdict_on(error: DatabaseError) -> Verdict:
    """Return what an error tells."""
    if isinstance(error, PoolTimeout):
        return "away"
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, sqlite3.OperationalError):
        return _OF_SQLITE.get(getattr(cause, "sqlite_errorcode", 0) & 0xFF, "ours")
    if not isinstance(cause, psycopg.Error):
        return "ours"
    is_operational = isinstance(cause, psycopg.OperationalError)
    if cause.sqlstate is None:
        is_invalidated = isinstance(error, DBAPIError) and error.connection_invalidated
        return "again" if is_invalidated or is_operational else "ours"
    other: Verdict = "away" if is_operational else "ours"
    return next(
        (verdict for codes, verdict in _OF_POSTGRESQL if cause.sqlstate.startswith(codes)), other
    )


def unavailable(error: DatabaseError, verdict: Verdict) -> StoreUnavailable:
    """Return what the caller is told."""
    kind = {"slow": StatementTooSlow, "full": StoreFull}.get(verdict, StoreUnavailable)
    return kind(str(getattr(error, "orig", error)))
