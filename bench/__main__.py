"""Measure, and print a table.

Everything is measured in one run on one machine, so that the ratios mean something.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
import timeit
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from backend import db
from backend.auth.keys import SCOPES, create_key
from backend.ingest.otlp import records_of
from bench.load import Memory, Plan, cpu_seconds, memory, push
from bench.raw import RawInsert, copy_events
from bench.workload import (
    Template,
    chat_span,
    events_template,
    sdk_span,
    spans_template,
    unknown_span,
)
from otel_bridge.mapping import events_from
from otel_bridge.pricing import PriceBook
from otel_bridge.record import SpanRecord
from otel_bridge.span_processor.collector import ConventionMapper
from otel_bridge.span_processor.config import BridgeConfig
from otel_bridge.span_processor.sdk_span import Resources, link_of, record_from, scope_name_of
from tests.databases import PostgresqlDatabases, SqliteDatabases, new_owner, postgresql_server
from tests.e2e.server import Client, ServerProcess
from tests.truth.captures import FOLDER, captures_in

_MIB = 1024 * 1024
_MAX_RAW_ROWS = 100_000

Databases = SqliteDatabases | PostgresqlDatabases


@dataclass(frozen=True, slots=True)
class Ingestion:
    """What went in end to end: rows that were answered for and found by a query afterwards."""

    template: Template
    requests: int
    seconds: float
    cpu_s: float

    @property
    def rows(self) -> int:
        """How many events were stored."""
        return self.requests * self.template.rows


@dataclass(frozen=True, slots=True)
class Result:
    """All that was measured on one kind of database."""

    name: str
    ready_after_s: float
    memory_ready: Memory
    memory_loaded: Memory
    ingestions: tuple[Ingestion, ...]
    raw: RawInsert


def main() -> int:
    """Measure everything; return the exit code."""
    plan = _plan()
    _say(
        f"otel-bridge bench: {platform.system()}, {os.cpu_count()} CPUs, Python "
        f"{platform.python_version()}; {plan.clients} client processes, {plan.seconds:g} s each"
    )
    _say_mapping()
    with tempfile.TemporaryDirectory(prefix="otel-bridge-bench-") as folder:
        _say_result(_measure("SQLite", SqliteDatabases(Path(folder)), plan, Path(folder)))
        with _postgresql() as databases:
            if databases is None:
                _say("\nPostgreSQL: none reachable, not measured")
            else:
                _say_result(_measure("PostgreSQL", databases, plan, Path(folder)))
    return 0


def _plan() -> Plan:
    parser = argparse.ArgumentParser(prog="bench", description="Measure otel-bridge.")
    parser.add_argument("--clients", type=int, default=4, help="client processes")
    parser.add_argument("--seconds", type=float, default=8.0, help="of each measurement")
    parser.add_argument("--bodies", type=int, default=60, help="most requests of each client")
    given = parser.parse_args()
    return Plan(given.clients, given.seconds, given.bodies)


@contextmanager
def _postgresql() -> Iterator[PostgresqlDatabases | None]:
    with ExitStack() as stack:
        try:
            url = stack.enter_context(postgresql_server())
        except (ImportError, OSError, RuntimeError, psycopg.OperationalError):
            yield None
            return
        databases = PostgresqlDatabases(url)
        stack.callback(databases.close)
        yield databases


def _measure(name: str, databases: Databases, plan: Plan, folder: Path) -> Result:
    """Start a server on a fresh database, load it, and copy its rows into another one."""
    with databases.migrated() as url, databases.migrated() as copy_url:
        engine = db.engine_for(url)
        key, _ = create_key(engine, new_owner(engine), name="bench", scopes=SCOPES)
        engine.dispose()
        server = ServerProcess(url, log_file=folder / f"{name}.log")
        ready_after_s = server.start()
        try:
            memory_ready = memory(server.pid)
            ingestions = tuple(
                _ingest(server, key, template, plan)
                for template in (events_template(), spans_template())
            )
            memory_loaded = memory(server.pid)
        finally:
            server.stop()
        raw = copy_events(url, copy_url, at_most=_MAX_RAW_ROWS)
    return Result(name, ready_after_s, memory_ready, memory_loaded, ingestions, raw)


def _ingest(server: ServerProcess, key: str, template: Template, plan: Plan) -> Ingestion:
    """Return what went in, until a query found all of it."""
    with Client(server.base_url, key) as client:
        before = _stored(client)
        cpu_before_s = cpu_seconds(server.pid)
        pushed = push(template, plan, port=server.port, key=key)
        while _stored(client) < before + pushed.requests * template.rows:
            time.sleep(0.001)
        seconds = time.monotonic() - pushed.started_s
    return Ingestion(template, pushed.requests, seconds, cpu_seconds(server.pid) - cpu_before_s)


def _stored(client: Client) -> int:
    return int(client.get("/api/obs/events", {"limit": 1}).body["total"])


def _say_mapping() -> None:
    """Print microseconds per span: alone, and over the captures' real spans."""
    _say("\nmapping, one process, µs per span (the processor's path: from the SDK's span)")
    _say(f"  {'':<28}{'mapping':>10}{'processor':>12}")
    for name, span in (("a model call", chat_span()), ("an unknown span", unknown_span())):
        mapping_us, path_us = _mapping_us(span, 2000), _path_us(span, 2000)
        _say(f"  {name:<28}{mapping_us:>10.1f}{path_us:>12.1f}")
    known, unknown = _real_spans()
    for name, spans in (("real spans that are known", known), ("real spans that are not", unknown)):
        mapping = sorted(_mapping_us(span, 10) for span in spans)
        path = sorted(_path_us(span, 10) for span in spans)
        for share, label in ((0.5, "median"), (0.95, "95 %")):
            at = int(len(spans) * share)
            _say(f"  {f'{name}, {label}':<34}{mapping[at]:>4.1f}{path[at]:>12.1f}")


def _real_spans() -> tuple[list[SpanRecord], list[SpanRecord]]:
    """Return the captures' spans: those that make events, and the others."""
    prices = PriceBook()
    spans = [
        record
        for capture in captures_in(FOLDER)
        for record in records_of(capture.request)
        if isinstance(record, SpanRecord)
    ]
    known = [span for span in spans if events_from(span, prices=prices)]
    return known, [span for span in spans if not events_from(span, prices=prices)]


def _mapping_us(span: SpanRecord, times: int) -> float:
    prices = PriceBook()
    return _microseconds(lambda: events_from(span, prices=prices), times)


def _path_us(span: SpanRecord, times: int) -> float:
    """Return what the processor spends on a span before its events are encoded and sent."""
    prices, resources, ended = PriceBook(), Resources(), sdk_span(span)
    mapper = ConventionMapper(BridgeConfig())

    def path() -> object:
        if not mapper.may_know(ended.name, scope_name_of(ended), ended.attributes or ()):
            return link_of(ended)
        return events_from(record_from(ended, resources), prices=prices)

    return _microseconds(path, times)


def _microseconds(work: Callable[[], object], times: int) -> float:
    """Return how long `work` takes: the best of five, so that the machine's other work is out."""
    work()
    return min(timeit.repeat(work, number=times, repeat=5)) / times * 1e6


def _say_result(result: Result) -> None:
    ready, loaded = result.memory_ready, result.memory_loaded
    raw, name = result.raw, result.name
    raw_rate, raw_cpu_rate = raw.rows / raw.seconds, raw.rows / raw.cpu_s
    _say(f"\n{name} ({raw.durability})")
    _say(f"  ready after       {result.ready_after_s:8.2f} s")
    _say(f"  memory when ready {ready.pss / _MIB:8.0f} MiB PSS {ready.rss / _MIB:6.0f} MiB RSS")
    _say(f"  memory after load {loaded.pss / _MIB:8.0f} MiB PSS {loaded.rss / _MIB:6.0f} MiB RSS")
    _say(f"  {'':<34}{'per s':>10}{'rows/s':>10}{'of raw':>8}{'rows/CPU-s':>12}{'of raw':>8}")
    for done in result.ingestions:
        rate, cpu_rate = done.rows / done.seconds, done.rows / done.cpu_s
        is_otlp = done.template.path == "/v1/traces"
        units = done.template.spans if is_otlp else done.template.rows
        what = f"OTLP spans ({units} a request)" if is_otlp else f"events ({units} a request)"
        _say(
            f"  {what:<34}{done.requests * units / done.seconds:>10,.0f}{rate:>10,.0f}"
            f"{rate / raw_rate:>8.0%}{cpu_rate:>12,.0f}{cpu_rate / raw_cpu_rate:>8.0%}"
        )
    _say(
        f"  {'raw insert of the same rows':<34}{'':>10}{raw_rate:>10,.0f}{1:>8.0%}"
        f"{raw_cpu_rate:>12,.0f}{1:>8.0%}"
    )


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
