"""The limit: the same rows inserted by the database's own driver, with nothing around it.

Each form of insert has the tables, indexes and durability of the server, one connection, and a
transaction per thousand rows.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from bench.load import cpu_seconds

EVENTS = "obs_events"
#: The rows of other tables that events point to.
POINTED_TO = ("users", "agents")

_ROWS_PER_TRANSACTION = 1000

Row = Sequence[Any]


@dataclass(frozen=True, slots=True)
class RawInsert:
    """How long a form of insert took for so many rows; its CPU time is the database's too."""

    form: str
    rows: int
    seconds: float
    cpu_s: float
    #: Whether it is the driver's plain bulk insert, `executemany`, which the targets speak of.
    is_limit: bool
    #: Whether it copes with rows that are there already, as the product must.
    copes: bool

    @property
    def per_s(self) -> float:
        """Rows per second."""
        return self.rows / self.seconds

    @property
    def per_cpu_s(self) -> float:
        """Rows per second of CPU."""
        return self.rows / self.cpu_s


def limit_of(inserts: Sequence[RawInsert]) -> RawInsert:
    """Return the faster of the plain bulk inserts, which the product is compared to."""
    return max((one for one in inserts if one.is_limit), key=lambda one: one.per_s)


def fastest(inserts: Sequence[RawInsert]) -> RawInsert:
    """Return the fastest form of all that do what the product must."""
    return max((one for one in inserts if one.copes), key=lambda one: one.per_s)


def timed(
    form: str,
    insert: Callable[[Sequence[Row]], None],
    rows: Sequence[Row],
    *,
    pids: Sequence[int] = (),
    is_limit: bool,
    copes: bool,
) -> RawInsert:
    """Return how long `insert` took for the rows, committed a thousand at a time."""
    used_by = (os.getpid(), *pids)
    started_s, cpu_started_s = time.monotonic(), cpu_seconds(*used_by)
    for start in range(0, len(rows), _ROWS_PER_TRANSACTION):
        insert(rows[start : start + _ROWS_PER_TRANSACTION])
    cpu_s = cpu_seconds(*used_by) - cpu_started_s
    return RawInsert(form, len(rows), time.monotonic() - started_s, cpu_s, is_limit, copes)
