"""SQL that both databases speak, built once from the models.

The driver takes these statements with plain tuples: that is several times faster than statement
objects with dictionaries, and ingest is where it matters.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Engine, Table

from backend.models import (
    Agent,
    DirtyDay,
    EventRow,
    Rollup,
    RunRow,
    SpanLinkRow,
    TracerRow,
    WarningRollup,
)
from backend.store.accounting import Uid
from backend.store.arrays import arrays_of
from backend.store.bulk import BulkInsert
from backend.store.histograms import EMPTY
from backend.store.rows import NEW_COLUMNS, ROW_COLUMNS, Placement

_T = TypeVar("_T")
_LINK_COLUMNS = ("trace_id", "span_id", "parent_trace_id", "parent_span_id")
_NEW_AGENT = ("user_id", "name", "description", "is_derived", "created_us")


@dataclass(frozen=True, slots=True)
class Statements:
    """The statements of ingest, in the driver's parameter style."""

    known_identities: str
    rows_of_traces: str
    rows_sent_for_runs: str
    rows_of_runs: str
    rows_of_responses: str
    rows_of_likeness: str
    links_of_traces: str
    traces_after: str
    tracers: str
    insert_tracers: str
    insert_events: BulkInsert
    update_placements: str
    insert_links: str
    insert_agents: str
    stored_latencies: str
    add_to_rollups: BulkInsert
    delete_empty_rollups: str
    add_to_warning_rollups: BulkInsert
    delete_empty_warning_rollups: str
    write_runs: BulkInsert
    insert_dirty_days: str
    see_agents: str
    is_sqlite: bool

    @classmethod
    def of(cls, engine: Engine) -> Statements:
        """Return the statements for the engine's driver."""
        is_sqlite = engine.dialect.name == "sqlite"
        mark = "?" if is_sqlite else "%s"
        # The scalar function for the larger of two values has two names.
        largest = "max" if is_sqlite else "greatest"
        return cls(
            known_identities=_probe("identity", ["identity"], is_sqlite=is_sqlite, cast="uuid"),
            rows_of_traces=_probe("trace_id", ROW_COLUMNS, is_sqlite=is_sqlite),
            rows_sent_for_runs=_probe("run_hint", ROW_COLUMNS, is_sqlite=is_sqlite),
            rows_of_runs=_probe("run_id", ROW_COLUMNS, is_sqlite=is_sqlite),
            rows_of_responses=_timed_probe(
                "response_id", "ix_obs_events_response", is_sqlite=is_sqlite
            ),
            rows_of_likeness=_timed_probe(
                "likeness", "ix_obs_events_likeness", is_sqlite=is_sqlite
            ),
            links_of_traces=_probe(
                "trace_id", _LINK_COLUMNS, is_sqlite=is_sqlite, table="obs_span_links"
            ),
            traces_after=_probe(
                "parent_trace_id", ["trace_id"], is_sqlite=is_sqlite, table="obs_span_links"
            ),
            tracers=f"SELECT scope FROM obs_tracers WHERE user_id = {mark}",  # noqa: S608 (our own names)
            insert_tracers=_insert(TracerRow, mark) + " ON CONFLICT DO NOTHING",
            insert_events=BulkInsert.of(engine, _table(EventRow), NEW_COLUMNS),
            update_placements=_update_placements(mark),
            insert_links=_insert(SpanLinkRow, mark) + " ON CONFLICT DO NOTHING",
            insert_agents=_insert(Agent, mark, columns=_NEW_AGENT) + " ON CONFLICT DO NOTHING",
            stored_latencies=_stored_latencies(is_sqlite=is_sqlite),
            add_to_rollups=_bulk(
                engine,
                Rollup,
                _on_conflict_add(
                    Rollup,
                    newest_us=f"{largest}(obs_rollups.newest_us, excluded.newest_us)",
                    latencies=_replaced_latencies(is_sqlite=is_sqlite),
                ),
            ),
            delete_empty_rollups=_delete_empty(Rollup, "events", mark),
            add_to_warning_rollups=_bulk(engine, WarningRollup, _on_conflict_add(WarningRollup)),
            delete_empty_warning_rollups=_delete_empty(WarningRollup, "n", mark),
            write_runs=_bulk(engine, RunRow, _on_conflict_replace(RunRow)),
            insert_dirty_days=_insert(DirtyDay, mark) + " ON CONFLICT DO NOTHING",
            see_agents=_see_agents(mark, largest),
            is_sqlite=is_sqlite,
        )

    def among(self, values: Sequence[Any], owner_id: int) -> tuple[str, int]:
        """Return the parameters of a statement that looks for rows by many values."""
        return (msgspec.json.encode(values).decode(), owner_id)

    def uid(self, uid: Uid) -> str:
        """Return an identity as both drivers take it: hex digits."""
        return uid.hex()

    def uid_of(self, value: Any) -> Uid:
        """Return the identity that the driver read."""
        return bytes.fromhex(value) if self.is_sqlite else value.bytes


def _table(model: type[Any]) -> Table:
    table: Table = model.__table__
    return table


def _probe(
    column: str,
    wanted: Sequence[str],
    *,
    is_sqlite: bool,
    table: str = "obs_events",
    cast: str = "text",
) -> str:
    """Read an owner's rows with one of many values in an indexed column, value by value.

    The values are a JSON array. An IN list leaves the way to the planner, which reads all of the
    owner's events while it has no statistics of a new table, or no values in a prepared statement.
    """
    names = ", ".join(f"e.{name}" for name in wanted)
    if is_sqlite:
        return (
            f"SELECT {names} FROM json_each(?) AS wanted"  # noqa: S608 (our own names)
            f" CROSS JOIN {table} AS e ON e.user_id = ? AND e.{column} = wanted.value"
        )
    return (
        f"SELECT {names} FROM json_array_elements_text(%s::json) AS wanted (value)"  # noqa: S608
        " CROSS JOIN LATERAL"
        f" (SELECT * FROM {table}"
        f" WHERE user_id = %s AND {column} = wanted.value::{cast} OFFSET 0) AS e"
    )


def _timed_probe(column: str, index: str, *, is_sqlite: bool) -> str:
    """Read events as `_probe` does, each value within times of its own.

    The values are JSON rows of key, first end, last end, last start. SQLite takes a range of times
    for rarer than one key, if it may choose.
    """
    names = ", ".join(f"e.{name}" for name in ROW_COLUMNS)
    if is_sqlite:
        key, first_end, last_end, last_start = (
            f"json_extract(wanted.value, '$[{index}]')" for index in range(4)
        )
        return (
            f"SELECT {names} FROM json_each(?) AS wanted"  # noqa: S608 (our own names)
            f" CROSS JOIN obs_events AS e INDEXED BY {index}"
            f" ON e.user_id = ? AND e.{column} = {key}"
            f" AND e.created_us BETWEEN {first_end} AND {last_end}"
            f" AND coalesce(e.started_us, e.created_us) <= {last_start}"
        )
    return (
        f"SELECT {names} FROM json_array_elements(%s::json) AS wanted (value)"  # noqa: S608
        " CROSS JOIN LATERAL"
        f" (SELECT * FROM obs_events WHERE user_id = %s AND {column} = wanted.value ->> 0"
        " AND created_us BETWEEN (wanted.value ->> 1)::bigint AND (wanted.value ->> 2)::bigint"
        " AND coalesce(started_us, created_us) <= (wanted.value ->> 3)::bigint OFFSET 0) AS e"
    )


def _insert(model: type[Any], mark: str, *, columns: Sequence[str] = ()) -> str:
    """Insert these columns, or every one in the order of the model."""
    table = _table(model)
    names = columns or table.columns.keys()
    marks = ", ".join([mark] * len(names))
    return f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({marks})"  # noqa: S608 (our own names)


def _bulk(engine: Engine, model: type[Any], on_conflict: str) -> BulkInsert:
    table = _table(model)
    return BulkInsert.of(engine, table, table.columns.keys(), on_conflict=on_conflict)


def _on_conflict_add(model: type[Any], **others: str) -> str:
    """Add to every value of the row that is there, but for `others`."""
    table = _table(model)
    sums = {name: f"{table.name}.{name} + excluded.{name}" for name in _values_of(table)}
    changes = ", ".join(f"{name} = {value}" for name, value in (sums | others).items())
    return f" ON CONFLICT ({_key_of(table)}) DO UPDATE SET {changes}"


def _stored_latencies(*, is_sqlite: bool) -> str:
    """Read histograms of roll-ups, with the position of each among the keys that are asked for."""
    columns = [column for column in _table(Rollup).primary_key if column.name != "user_id"]
    if is_sqlite:
        equal = " AND ".join(
            f"r.{column.name} = json_extract(wanted.value, '$[{index}]')"
            for index, column in enumerate(columns)
        )
        return (
            "SELECT wanted.key, r.latencies FROM json_each(?) AS wanted"  # noqa: S608 (our own names)
            f" CROSS JOIN obs_rollups AS r ON r.user_id = ? AND {equal}"
            " WHERE r.latencies IS NOT NULL"
        )
    names = [column.name for column in columns]
    equal = " AND ".join(f"obs_rollups.{name} = wanted.{name}" for name in names)
    return (
        f"SELECT wanted.position - 1, r.latencies FROM {arrays_of(columns)}"  # noqa: S608 (our own names)
        f" WITH ORDINALITY AS wanted ({', '.join(names)}, position) CROSS JOIN LATERAL"
        f" (SELECT latencies FROM obs_rollups WHERE user_id = %s AND {equal}"
        " OFFSET 0) AS r WHERE r.latencies IS NOT NULL"
    )


def _replaced_latencies(*, is_sqlite: bool) -> str:
    """Keep the histogram where nothing is said of it, and none where its last latency went."""
    empty = f"x'{EMPTY.hex()}'" if is_sqlite else f"'\\x{EMPTY.hex()}'::bytea"
    return f"nullif(coalesce(excluded.latencies, obs_rollups.latencies), {empty})"


def _delete_empty(model: type[Any], count: str, mark: str) -> str:
    table = _table(model)
    equal = " AND ".join(f"{name} = {mark}" for name in _key_of(table).split(", "))
    return f"DELETE FROM {table.name} WHERE {equal} AND {count} = 0"  # noqa: S608 (our own names)


def _on_conflict_replace(model: type[Any]) -> str:
    table = _table(model)
    changes = ", ".join(f"{name} = excluded.{name}" for name in _values_of(table))
    return f" ON CONFLICT ({_key_of(table)}) DO UPDATE SET {changes}"


def _key_of(table: Table) -> str:
    return ", ".join(table.primary_key.columns.keys())


def _values_of(table: Table) -> list[str]:
    return [name for name, column in table.columns.items() if not column.primary_key]


def _update_placements(mark: str) -> str:
    changes = ", ".join(f"{name} = {mark}" for name in (*Placement._fields, "as_sent"))
    return f"UPDATE obs_events SET {changes} WHERE uid = {mark}"  # noqa: S608 (our own names)


def _see_agents(mark: str, largest: str) -> str:
    # An absent time is given as -1, and an agent that was never seen has NULL.
    def newest(column: str) -> str:
        return f"{column} = nullif({largest}(coalesce({column}, -1), {mark}), -1)"

    changes = f"{newest('last_seen_us')}, {newest('last_heartbeat_us')}"
    return f"UPDATE agents SET {changes} WHERE user_id = {mark} AND id = {mark}"  # noqa: S608 (our own names)


def chunks(values: Sequence[_T], *, size: int = 500) -> Iterator[Sequence[_T]]:
    """Yield slices that fit a statement's limit of parameters."""
    for start in range(0, len(values), size):
        yield values[start : start + size]
