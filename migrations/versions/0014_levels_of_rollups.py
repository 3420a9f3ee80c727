"""Keep sums by hour and day beside those by quarter-hour, and latencies in their rows.

The sums are computed anew from the events, which tell what the old sums did not: which latency
belongs to which status, and the tokens of calls without a price.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, time, timedelta, tzinfo
from functools import cache
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_QUARTER_US = 15 * 60 * 1_000_000
_HOUR_US = 4 * _QUARTER_US
_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_KEY = ("bucket_us", "agent_id", "event_type", "status", "provider", "model", "tool")
_OLD_SUMS = (
    *("events", "counted", "tokens_in", "tokens_out", "tokens_cache_read"),
    *("tokens_cache_write", "tokens_reasoning", "cost_nusd", "unpriced", "latency_sum_ms"),
)
_SUMS = (*_OLD_SUMS[:-1], "unpriced_tokens_in", "unpriced_tokens_out", "latency_sum_ms")
_WARNING_KEY = ("bucket_us", "code", "scope", "provider", "model")

#: Number, step, and whether agents and names are told apart.
_LEVELS = (
    (0, "quarter", True, True),
    (1, "hour", False, False),
    (2, "hour", False, True),
    (3, "hour", True, False),
    (4, "day", False, True),
    (5, "day", True, False),
    (6, "day", True, True),
)
_DAYS = 4


def upgrade() -> None:
    op.drop_table("obs_latency_rollups")
    op.drop_table("obs_rollups")
    op.drop_table("obs_warning_rollups")
    _create_rollups(
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sums=(*_SUMS, "newest_us"),
        values=[sa.Column("latencies", sa.LargeBinary(), nullable=True)],
    )
    _create_warnings(sa.Column("level", sa.SmallInteger(), nullable=False))
    owners = op.get_bind().execute(sa.text("SELECT id, timezone FROM users")).all()
    for owner_id, name in owners:
        _fill(owner_id, _zone(name))
    _mark_days_around()


def downgrade() -> None:
    op.execute("CREATE TABLE kept_rollups AS SELECT * FROM obs_rollups WHERE level = 0")
    op.execute("CREATE TABLE kept_warnings AS SELECT * FROM obs_warning_rollups WHERE level = 0")
    op.drop_table("obs_rollups")
    op.drop_table("obs_warning_rollups")
    _create_rollups(sums=_OLD_SUMS)
    _create_warnings()
    _create_latencies()
    for table, kept, columns in (
        ("obs_rollups", "kept_rollups", (*_KEY, *_OLD_SUMS)),
        ("obs_warning_rollups", "kept_warnings", (*_WARNING_KEY, "n")),
    ):
        names = ", ".join(("user_id", *columns))
        op.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM {kept}")  # noqa: S608 (our own names)
    _unpack_latencies()
    op.drop_table("kept_rollups")
    op.drop_table("kept_warnings")
    _mark_days_around()


def _create_rollups(
    *levels: sa.Column[Any], sums: Sequence[str], values: Sequence[sa.Column[Any]] = ()
) -> None:
    _create(
        "obs_rollups",
        [*levels, *_numbers("bucket_us", "agent_id"), *_texts(event_type=16, status=8), *_names()],
        [*_numbers(*sums), *values],
    )


def _create_warnings(*levels: sa.Column[Any]) -> None:
    key = [*_numbers("bucket_us"), *_texts(code=32, scope=255, provider=64, model=255)]
    _create("obs_warning_rollups", [*levels, *key], _numbers("n"))


def _create_latencies() -> None:
    key = [*_numbers("bucket_us", "agent_id"), *_texts(event_type=16), *_names()]
    bucket = sa.Column("latency_bucket", sa.Integer(), nullable=False)
    _create("obs_latency_rollups", [*key, bucket], _numbers("n"))


def _create(name: str, key: Sequence[sa.Column[Any]], values: Sequence[sa.Column[Any]]) -> None:
    op.create_table(
        name,
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        *key,
        *values,
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f(f"fk_{name}_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint(
            "user_id", *(column.name for column in key), name=op.f(f"pk_{name}")
        ),
        sqlite_with_rowid=False,
    )


def _numbers(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.BigInteger(), nullable=False) for name in names]


def _texts(**lengths: int) -> list[sa.Column[Any]]:
    return [
        sa.Column(name, sa.String(length=length), nullable=False)
        for name, length in lengths.items()
    ]


def _names() -> list[sa.Column[Any]]:
    return _texts(provider=64, model=255, tool=255)


def _table(name: str) -> sa.Table:
    return sa.Table(name, sa.MetaData(), autoload_with=op.get_bind())


# What an event counts for, from here on, as it was when this migration was written.

_TELLS = (
    "(counted OR NOT (coalesce(set_aside_reason, '') = 'repeats_failure_below'"
    " OR event_type IN ('llm_call', 'tool_call')))"
)
_UNPRICED = (
    "(counted AND cost_nusd IS NULL AND event_type = 'llm_call'"
    " AND (status <> 'error' OR tokens_in IS NOT NULL OR tokens_out IS NOT NULL))"
)
_TOLD = (
    "created_us - created_us % 900000000 AS bucket_us, coalesce(agent_id, 0) AS agent_id,"
    " event_type, status, coalesce(provider, '') AS provider, coalesce(model, '') AS model,"
    " coalesce(tool, '') AS tool"
)


def _amount(condition: str, amount: str) -> str:
    return f"sum(CASE WHEN {condition} THEN coalesce({amount}, 0) ELSE 0 END)"


_AMOUNTS = (
    "count(*)",
    _amount(_TELLS, "1"),
    *(_amount("counted", name) for name in _SUMS[2:8]),
    *(_amount(_UNPRICED, amount) for amount in ("1", "tokens_in", "tokens_out")),
    _amount(_TELLS, "latency_ms"),
    "max(CASE WHEN event_type = 'heartbeat' THEN created_us ELSE 0 END)",
)
_OF_DAY = " FROM obs_events WHERE user_id = :owner AND created_us >= :start AND created_us < :end"
_SUMS_QUERY = sa.text(
    f"SELECT {_TOLD}, {', '.join(_AMOUNTS)}{_OF_DAY} GROUP BY 1, 2, 3, 4, 5, 6, 7"
)
_LATENCIES_QUERY = sa.text(
    f"SELECT {_TOLD}, latency_ms, count(*){_OF_DAY} AND latency_ms IS NOT NULL AND {_TELLS}"
    " AND event_type IN ('llm_call', 'tool_call', 'run_finished')"
    " GROUP BY 1, 2, 3, 4, 5, 6, 7, 8"
)
_WARNINGS_QUERY = sa.text(
    "SELECT created_us - created_us % 900000000 AS bucket_us, coalesce(scope, ''),"
    " coalesce(provider, ''), coalesce(model, ''), coalesce(warnings, ''),"
    f" coalesce(set_aside_reason, ''), count(*){_OF_DAY}"
    " AND (warnings IS NOT NULL OR set_aside_reason IS NOT NULL) GROUP BY 1, 2, 3, 4, 5, 6"
)
_FIRST_QUERY = sa.text(
    "SELECT min(created_us) FROM obs_events WHERE user_id = :owner AND created_us >= :since"
)


class _Cell:
    def __init__(self) -> None:
        self.sums = [0] * len(_SUMS)
        self.newest_us = 0
        self.latencies: Counter[int] = Counter()


def _fill(owner_id: int, zone: tzinfo) -> None:
    """Write the sums of an owner, day by day."""
    bind, rollups, warnings = op.get_bind(), _table("obs_rollups"), _table("obs_warning_rollups")
    bounds = _lower_bounds()
    for start_us, end_us in _days(owner_id, zone):
        day = {"owner": owner_id, "start": start_us, "end": end_us}
        cells: defaultdict[tuple[Any, ...], _Cell] = defaultdict(_Cell)
        for values in bind.execute(_SUMS_QUERY, day):
            for key in _keys(values[:7], zone):
                _add(cells[key], values[7:])
        for *told, latency_ms, n in bind.execute(_LATENCIES_QUERY, day):
            for key in _keys(told, zone):
                cells[key].latencies[_bucket_of(latency_ms, bounds)] += n
        for some in _chunks([_row(owner_id, key, cell) for key, cell in cells.items()]):
            bind.execute(rollups.insert(), some)
        counts: Counter[tuple[Any, ...]] = Counter()
        for at_us, *told, codes, reason, n in bind.execute(_WARNINGS_QUERY, day):
            for code in [*codes.split(), *([reason] if reason else [])]:
                counts[0, at_us, code, *told] += n
                counts[_DAYS, start_us, code, *told] += n
        names = ("user_id", "level", *_WARNING_KEY, "n")
        for some in _chunks(
            [dict(zip(names, (owner_id, *key, n), strict=True)) for key, n in counts.items()]
        ):
            bind.execute(warnings.insert(), some)


def _days(owner_id: int, zone: tzinfo) -> Iterator[tuple[int, int]]:
    """Yield when the local days that have events begin and end."""
    since_us = 0
    while True:
        query = {"owner": owner_id, "since": since_us}
        first_us = op.get_bind().execute(_FIRST_QUERY, query).scalar()
        if first_us is None:
            return
        start_us = _start_of("day", first_us, zone)
        since_us = _midnight_us(_local(first_us, zone).date() + timedelta(days=1), zone)
        yield start_us, since_us


def _keys(told: Sequence[Any], zone: tzinfo) -> Iterator[tuple[Any, ...]]:
    at_us, agent_id, event_type, status, *names = told
    for number, step, has_agents, has_names in _LEVELS:
        yield (
            number,
            _start_of(step, at_us, zone),
            agent_id if has_agents else 0,
            event_type,
            status,
            *(names if has_names else ("", "", "")),
        )


def _add(cell: _Cell, values: Sequence[Any]) -> None:
    *sums, newest_us = map(int, values)
    cell.sums = [one + more for one, more in zip(cell.sums, sums, strict=True)]
    cell.newest_us = max(cell.newest_us, newest_us)


def _row(owner_id: int, key: Sequence[Any], cell: _Cell) -> dict[str, Any]:
    return {
        "user_id": owner_id,
        **dict(zip(("level", *_KEY), key, strict=True)),
        **dict(zip(_SUMS, cell.sums, strict=True)),
        "newest_us": cell.newest_us,
        "latencies": _packed(cell.latencies),
    }


def _chunks(rows: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    for start in range(0, len(rows), 1000):
        yield rows[start : start + 1000]


def _zone(name: str) -> tzinfo:
    try:
        return UTC if name == "UTC" else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def _local(time_us: int, zone: tzinfo) -> datetime:
    return (_EPOCH + timedelta(microseconds=time_us)).astimezone(zone)


def _midnight_us(day: Any, zone: tzinfo) -> int:
    return (datetime.combine(day, time(), tzinfo=zone) - _EPOCH) // _MICROSECOND


@cache
def _start_of(step: str, time_us: int, zone: tzinfo) -> int:
    if step == "quarter":
        return time_us
    local = _local(time_us, zone)
    if step == "day":
        return _midnight_us(local.date(), zone)
    past_us = (local.utcoffset() or timedelta()) // _MICROSECOND % _HOUR_US
    return (time_us + past_us) // _HOUR_US * _HOUR_US - past_us


def _mark_days_around() -> None:
    """Mark the days before and after too: they were those of UTC, and are those of the owner."""
    for shift in ("- 1", "+ 1"):
        op.execute(
            f"INSERT INTO obs_dirty_days SELECT user_id, day {shift} FROM obs_dirty_days"  # noqa: S608 (our own words)
            " WHERE day > 0 ON CONFLICT DO NOTHING"
        )


def _lower_bounds() -> list[int]:
    bounds, lowest = [0], 1
    while lowest <= 10**12:
        bounds.append(lowest)
        lowest = (lowest + lowest // 100) * 100 // 99 + 1
    return bounds


def _bucket_of(latency_ms: int, bounds: Sequence[int]) -> int:
    return bisect_right(bounds, min(latency_ms, 10**12)) - 1


def _packed(counts: Counter[int]) -> bytes | None:
    """Return a list of buckets, or lanes of one width from the first bucket to the last."""
    if not counts:
        return None
    total, first, last = sum(counts.values()), min(counts), max(counts)
    if total <= 16 or 2 * total <= last - first + 1:
        return bytes([0]) + _bytes(sorted(counts.elements()), 2)
    width = next(width for width in (1, 2, 4, 8) if max(counts.values()) < 1 << 8 * width)
    lanes = [counts[bucket] for bucket in range(first, last + 1)]
    return bytes([width]) + first.to_bytes(2, "little") + _bytes(lanes, width)


def _unpacked(value: bytes) -> Counter[int]:
    width = value[0]
    if width == 0:
        return Counter(_integers(value[1:], 2))
    lanes = enumerate(_integers(value[3:], width), int.from_bytes(value[1:3], "little"))
    return Counter({bucket: n for bucket, n in lanes if n})


def _bytes(values: Iterable[int], width: int) -> bytes:
    return b"".join(value.to_bytes(width, "little") for value in values)


def _integers(data: bytes, width: int) -> list[int]:
    return [int.from_bytes(data[at : at + width], "little") for at in range(0, len(data), width)]


def _unpack_latencies() -> None:
    """Write a row for each bucket of each histogram; the old ones did not know the status."""
    bind, latencies = op.get_bind(), _table("obs_latency_rollups")
    names = ("user_id", *(name for name in _KEY if name != "status"))
    kept = _table("kept_rollups").c
    query = sa.select(*(kept[name] for name in names), kept.latencies).where(
        kept.latencies.is_not(None)
    )
    rows = bind.execute(query.order_by(*(kept[name] for name in names))).all()
    for key, values in groupby(rows, key=lambda row: tuple(row[:-1])):
        counts: Counter[int] = Counter()
        for value in values:
            counts.update(_unpacked(value[-1]))
        told = dict(zip(names, key, strict=True))
        bind.execute(
            latencies.insert(),
            [{**told, "latency_bucket": bucket, "n": n} for bucket, n in counts.items()],
        )
