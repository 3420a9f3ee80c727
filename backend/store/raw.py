"""Events as if each were sums of its own: what it counts for, said in SQL.

What an event adds is also said in `rollups.Deltas`, which ingestion works with; a rebuild compares
the two.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    String,
    Subquery,
    func,
    literal_column,
    or_,
    select,
)

from backend.models import EventRow
from backend.store.accounting import SetAside
from backend.store.cells import CALL_TYPES, SUM_COLUMNS, TIMED_TYPES, Cell, Cells, WarningKey
from backend.store.latency import bucket_of
from backend.store.levels import Key
from backend.store.windows import QUARTER_US

_TEXTS = ("event_type", "status", "provider", "model", "tool")
_KEY = Key._fields


def event_cells(*conditions: ColumnElement[bool]) -> Subquery:
    """Return events as rows with the columns of `Rollup`, and `latency_ms` where it is counted."""
    return select(*_COLUMNS).select_from(EventRow).where(*conditions).subquery()


def _among(values: Iterable[str]) -> str:
    return ", ".join(f"'{value}'" for value in sorted(values))


def _if(condition: str, amount: str) -> str:
    return f"CASE WHEN {condition} THEN coalesce({amount}, 0) ELSE 0 END"


#: Whether an event counts as what it is: see `Deltas`.
_TELLS = (
    f"(counted OR NOT (coalesce(set_aside_reason, '') = '{SetAside.REPEATS_FAILURE_BELOW}'"
    f" OR event_type IN ({_among(CALL_TYPES)})))"
)
_UNPRICED = (
    "(counted AND cost_nusd IS NULL AND event_type = 'llm_call'"
    " AND (status <> 'error' OR tokens_in IS NOT NULL OR tokens_out IS NOT NULL))"
)
#: What an event adds to each of `SUM_COLUMNS`.
_AMOUNTS = (
    "1",
    _if(_TELLS, "1"),
    *(_if("counted", name) for name in SUM_COLUMNS[2:8]),
    *(_if(_UNPRICED, amount) for amount in ("1", "tokens_in", "tokens_out")),
    _if(_TELLS, "latency_ms"),
)
#: As text, which costs nothing to compile.
_COLUMNS = tuple(
    literal_column(amount, String() if name in _TEXTS else BigInteger()).label(name)
    for name, amount in (
        ("bucket_us", f"created_us - created_us % {QUARTER_US}"),
        ("agent_id", "coalesce(agent_id, 0)"),
        *((name, f"coalesce({name}, '')") for name in _TEXTS),
        *zip(SUM_COLUMNS, _AMOUNTS, strict=True),
        ("newest_us", _if("event_type = 'heartbeat'", "created_us")),
        (
            "latency_ms",
            f"CASE WHEN {_TELLS} AND event_type IN ({_among(TIMED_TYPES)}) THEN latency_ms END",
        ),
    )
)


def cells_of(connection: Connection, conditions: Iterable[ColumnElement[bool]]) -> Cells:
    """Return the sums of events by quarter-hour, from the events themselves."""
    of = event_cells(*conditions).c
    key = [of[name] for name in _KEY]
    sums = [func.sum(of[name]) for name in SUM_COLUMNS]
    cells: defaultdict[Key, Cell] = defaultdict(Cell)
    for values in connection.execute(select(*key, *sums, func.max(of.newest_us)).group_by(*key)):
        *numbers, newest_us = map(int, values[len(key) :])
        cells[Key(*values[: len(key)])] = Cell(numbers, newest_us=newest_us)
    timed = select(*key, of.latency_ms, func.count()).where(of.latency_ms.is_not(None))
    for *told, latency_ms, n in connection.execute(timed.group_by(*key, of.latency_ms)):
        latencies, bucket = cells[Key(*told)].latencies, bucket_of(latency_ms)
        latencies[bucket] = latencies.get(bucket, 0) + n
    return cells


def warnings_of(
    connection: Connection, conditions: Iterable[ColumnElement[bool]]
) -> dict[WarningKey, int]:
    """Return how many events carry which warning by quarter-hour, from the events themselves."""
    of = EventRow
    told = (of.scope, of.provider, of.model, of.warnings, of.set_aside_reason)
    bucket_us = (of.created_us - of.created_us % QUARTER_US).label("bucket_us")
    odd = or_(of.warnings.is_not(None), of.set_aside_reason.is_not(None))
    columns = select(bucket_us, *told).where(*conditions, odd).subquery().c
    counts: defaultdict[WarningKey, int] = defaultdict(int)
    for at_us, *texts, n in connection.execute(select(*columns, func.count()).group_by(*columns)):
        scope, provider, model, warnings, reason = (text or "" for text in texts)
        for code in [*warnings.split(), *([reason] if reason else [])]:
            counts[WarningKey(at_us, code, scope, provider, model)] += n
    return counts
