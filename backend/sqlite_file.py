"""The file of an embedded database: copied while it is in use, checked, and made smaller."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from otel_bridge.errors import ConfigurationError

#: Pages between two reports of progress: 8 MiB.
_PAGES_PER_STEP = 2048
_BUSY_TIMEOUT_S = 5.0
_SHOWN_PROBLEMS = 20


def back_up(source: Path, target: Path, *, progress: Callable[[int, int], object]) -> list[str]:
    """Write a copy of the file as it is now; return what is wrong with the copy, if anything.

    Readers and writers go on: a read transaction holds the state of its beginning, which the log
    of the database keeps until the end. `progress` is told (pages left, pages in all). The target
    appears, or is replaced, only when the whole copy is written and sound.
    """
    draft = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with _opened(source) as connection, closing(sqlite3.connect(draft)) as copy:
            # Without a transaction of its own the copy would begin anew after every commit.
            connection.execute("BEGIN")
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            connection.backup(
                copy,
                pages=_PAGES_PER_STEP,
                progress=lambda _status, left, whole: progress(left, whole),
                sleep=0,
            )
        problems = problems_of(draft, is_quick=True)
        if not problems:
            _put(draft, target)
        return problems
    finally:
        draft.unlink(missing_ok=True)


def problems_of(file: Path, *, is_quick: bool = False) -> list[str]:
    """Return what is wrong with a file: its pages, its indexes (not if quick), its foreign keys."""
    with _opened(file) as connection:
        kind = "quick_check" if is_quick else "integrity_check"
        try:
            told = connection.execute(f"PRAGMA {kind}({_SHOWN_PROBLEMS})").fetchall()
            problems = [text for (text,) in told if text != "ok"]
            for table, row, parent, _ in connection.execute("PRAGMA foreign_key_check"):
                problems.append(f"row {row} of {table} points at no row of {parent}")
        except sqlite3.DatabaseError as error:
            return [str(error)]
        return problems[:_SHOWN_PROBLEMS]


def vacuum(file: Path) -> None:
    """Write the file anew without free pages, as one that can shrink from now on.

    Others can read meanwhile, and nobody can write. Raises `ConfigurationError` where the disk has
    no room for it: the file once more as a temporary file, and once more in the log.
    """
    needed = 2 * file.stat().st_size
    free = shutil.disk_usage(file.parent).free
    if free < needed:
        raise ConfigurationError(
            f"there are {free >> 20} MiB free beside {file}, and {needed >> 20} MiB are needed"
        )
    with _opened(file) as connection:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


@contextmanager
def _opened(file: Path) -> Iterator[sqlite3.Connection]:
    """Yield a connection to a file that exists, without transactions that begin by themselves."""
    connection = sqlite3.connect(
        f"{file.absolute().as_uri()}?mode=rw",
        uri=True,
        timeout=_BUSY_TIMEOUT_S,
        isolation_level=None,
    )
    with closing(connection):
        yield connection


def _put(draft: Path, target: Path) -> None:
    """Move the draft to its place once it is on the disk."""
    with draft.open("rb") as written:
        os.fsync(written.fileno())
    draft.replace(target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
