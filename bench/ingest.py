"""Ingestion over HTTP beside the raw limit: rates, CPU, latency, memory, bytes on disk."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from bench.load import Plan, cpu_seconds, memory_of, push, watched_memory
from bench.raw import RawInsert, fastest, limit_of
from bench.raw_postgresql import postgresql_inserts
from bench.raw_sqlite import sqlite_inserts
from bench.report import Report, mebibytes, millis, number, seconds, share
from bench.sites import Running, Site, running
from bench.sizes import Sizes, sizes_of
from bench.workload import Template, events_template, spans_template
from tests.databases import PostgresqlDatabases, SqliteDatabases
from tests.e2e.server import Client

_MAX_RAW_ROWS = 100_000

_LEAST_OF_RAW = {"SQLite": 0.60, "PostgreSQL": 0.85}
_LEAST_SPANS_OF_EVENTS = 0.40
_MOST_CPU_S_PER_1000_EVENTS = 0.15
_MOST_CPU_S_PER_1000_SPANS = 0.30
_MOST_P99_MS = 250.0
_MOST_BYTES_PER_EVENT = 1200.0
_MOST_MEMORY = 300 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Ingestion:
    """What went in end to end: rows that were answered for and found by a query afterwards."""

    name: str
    #: Events, or spans, which make about as many events.
    units: int
    rows: int
    seconds: float
    #: Of the server and of the database.
    cpu_s: float
    #: Of each request, sorted.
    took_ms: Sequence[float]
    memory: int

    @property
    def per_s(self) -> float:
        """Events or spans per second."""
        return self.units / self.seconds

    @property
    def cpu_s_per_1000(self) -> float:
        """Seconds of CPU per thousand events or spans."""
        return self.cpu_s / self.units * 1000

    def quantile_ms(self, q: float) -> float:
        """Return how long the share `q` of the requests took at most."""
        return self.took_ms[min(len(self.took_ms) - 1, int(len(self.took_ms) * q))]


@dataclass(frozen=True, slots=True)
class Result:
    """All that was measured on one kind of database."""

    ready_after_s: float
    memory_ready: int
    events: Ingestion
    spans: Ingestion
    few_spans: Ingestion
    sizes: Sizes
    raw: Sequence[RawInsert]

    @property
    def ingestions(self) -> tuple[Ingestion, ...]:
        """The three loads."""
        return self.events, self.spans, self.few_spans


def measure_ingestion(report: Report, site: Site, plan: Plan) -> None:
    """Load a server on a fresh database, insert its rows without it, and report both."""
    with running(site) as server:
        memory_ready = memory_of(server.process.pid)
        events = _ingest(site, server, events_template(), plan, "JSON events")
        sizes = sizes_of(server.url)
        spans = _ingest(site, server, spans_template(), plan, "OTLP spans")
        few = _ingest(site, server, spans_template(runs=10), plan, "OTLP spans")
        raw = _raw_inserts(site, server.url)
    result = Result(server.ready_after_s, memory_ready, events, spans, few, sizes, raw)
    _tell(report, site, result)
    _judge(report, site, result)


def _ingest(site: Site, server: Running, template: Template, plan: Plan, name: str) -> Ingestion:
    """Return what went in, until a query found all of it."""
    pids = server.pids(site)
    with (
        Client(server.process.base_url, server.key) as client,
        watched_memory(server.process.pid) as memory,
    ):
        before, cpu_before_s = _stored(client), cpu_seconds(*pids)
        pushed = push(template, plan, port=server.process.port, key=server.key)
        requests = len(pushed.took_s)
        while _stored(client) < before + requests * template.rows:
            time.sleep(0.001)
        took_s = time.monotonic() - pushed.started_s
        cpu_s = cpu_seconds(*pids) - cpu_before_s
    return Ingestion(
        f"{name}, {template.units} a request",
        requests * template.units,
        requests * template.rows,
        took_s,
        cpu_s,
        sorted(one * 1000 for one in pushed.took_s),
        memory.pss,
    )


def _stored(client: Client) -> int:
    return int(client.get("/api/obs/events", {"limit": 1}).body["total"])


def _raw_inserts(site: Site, url: str) -> list[RawInsert]:
    match site.databases:
        case SqliteDatabases() as files:
            return sqlite_inserts(files, url, at_most=_MAX_RAW_ROWS)
        case PostgresqlDatabases() as databases:
            (pid,) = site.pids
            return postgresql_inserts(databases, url, pid=pid, at_most=_MAX_RAW_ROWS)


def _tell(report: Report, site: Site, result: Result) -> None:
    limit = limit_of(result.raw)
    report.table(
        f"ingestion into {site.name} ({site.durability}); CPU of server and database",
        ("", "per s", "rows/s", "of raw", "rows/CPU-s", "of raw", "CPU s/1000", "p50", "p99"),
        [
            *(_row(one, limit) for one in result.ingestions),
            *(_raw_row(one, limit) for one in result.raw),
        ],
    )
    sizes, rows = result.sizes, result.events.rows
    report.say(
        f"  ready after {result.ready_after_s:.2f} s with {mebibytes(result.memory_ready)};"
        f" a JSON event takes {number(sizes.total / rows)} bytes on the disk:"
        f" row {number(sizes.events / rows)}, indexes {number(sizes.indexes / rows)},"
        f" sums, runs and the rest {number(sizes.others / rows)}"
    )


def _row(done: Ingestion, limit: RawInsert) -> tuple[str, ...]:
    rate, cpu_rate = done.rows / done.seconds, done.rows / done.cpu_s
    return (
        done.name,
        number(done.per_s),
        number(rate),
        share(rate / limit.per_s),
        number(cpu_rate),
        share(cpu_rate / limit.per_cpu_s),
        f"{done.cpu_s_per_1000:.3f}",
        millis(done.quantile_ms(0.5)),
        millis(done.quantile_ms(0.99)),
    )


def _raw_row(one: RawInsert, limit: RawInsert) -> tuple[str, ...]:
    return (
        f"raw: {one.form}{' (the limit)' if one is limit else ''}",
        "",
        number(one.per_s),
        share(one.per_s / limit.per_s),
        number(one.per_cpu_s),
        share(one.per_cpu_s / limit.per_cpu_s),
        f"{1000 / one.per_cpu_s:.3f}",
        "",
        "",
    )


def _judge(report: Report, site: Site, result: Result) -> None:
    events, spans, few = result.ingestions
    limit = limit_of(result.raw)
    name, floor = site.name, _LEAST_OF_RAW[site.name]
    report.at_least(
        f"{name}, JSON events of the raw rate", events.per_s / limit.per_s, floor, form=share
    )
    other = fastest(result.raw)
    report.say(
        f"  {share(events.per_s / other.per_s)} of the fastest form that copes: {other.form}"
    )
    report.at_least(
        f"{name}, spans of the JSON events' rate",
        spans.per_s / events.per_s,
        _LEAST_SPANS_OF_EVENTS,
        form=share,
    )
    for what, value, ceiling, form in (
        ("CPU per 1,000 events", events.cpu_s_per_1000, _MOST_CPU_S_PER_1000_EVENTS, seconds),
        ("CPU per 1,000 spans", spans.cpu_s_per_1000, _MOST_CPU_S_PER_1000_SPANS, seconds),
        ("99 % of requests of 60 spans", few.quantile_ms(0.99), _MOST_P99_MS, millis),
        (
            "bytes per event, payloads of 200 bytes",
            result.sizes.total / events.rows,
            _MOST_BYTES_PER_EVENT,
            number,
        ),
        (
            "memory of the server under load",
            max(one.memory for one in result.ingestions),
            _MOST_MEMORY,
            mebibytes,
        ),
    ):
        report.at_most(f"{name}, {what}", value, ceiling, form=form)
