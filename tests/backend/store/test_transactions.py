"""Several writers at once, and a database that is away."""

from __future__ import annotations

import multiprocessing
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Connection, Engine, event, func, insert, select, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from backend import db
from backend.models import Agent
from backend.store import (
    EventFilter,
    EventStore,
    StatementTooSlow,
    Stored,
    StoreFull,
    StoreUnavailable,
)
from backend.store.transactions import RETRY_FOR_S, Transaction, Transactions
from otel_bridge.event import Event
from tests.backend.store.makers import agent_links, agent_trace, llm_call, snapshot, total
from tests.databases import new_owner

TRACES = 12


def halves() -> tuple[list[list[Event]], list[list[Event]]]:
    """Return batches of two processes: each has half of the spans of every trace."""
    traces = [agent_trace(f"{number:032x}") for number in range(TRACES)]
    return [trace[::2] for trace in traces], [trace[1::2] for trace in traces]


def append_all(url: str, owner_id: int, batches: Sequence[list[Event]]) -> None:
    engine = db.engine_for(url)
    store = EventStore(engine)
    for batch in batches:
        store.append(owner_id, batch)
        # A client that retries although it was heard.
        store.append(owner_id, batch[:2])
    engine.dispose()


def append_links(store: EventStore, owner_id: int) -> None:
    for number in range(TRACES):
        store.append(owner_id, [], links=agent_links(f"{number:032x}"))


def assert_exact(store: EventStore, engine: Engine, owner_id: int) -> None:
    """Check the sums, and that everything is as if it had come in one batch."""
    sums = total(store, owner_id).sums
    assert (sums.runs, sums.llm_calls, sums.tool_calls) == (TRACES, 2 * TRACES, 2 * TRACES)
    assert (sums.tokens_in, sums.total_events) == (200 * TRACES, 8 * TRACES)
    alone = new_owner(engine, "alone@example.com")
    events = [event for number in range(TRACES) for event in agent_trace(f"{number:032x}")]
    links = [link for number in range(TRACES) for link in agent_links(f"{number:032x}")]
    store.append(alone, events, links=links)
    assert snapshot(engine, owner_id, without=["user_id"]) == snapshot(
        engine, alone, without=["user_id"]
    )


def test_two_writers_with_halves_of_each_trace_leave_exact_sums(
    store: EventStore, engine: Engine, owner_id: int, database_url: str
) -> None:
    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(append_all, database_url, owner_id, half) for half in halves()]:
            done.result()
    append_links(store, owner_id)
    assert_exact(store, engine, owner_id)


def test_two_processes_with_halves_of_each_trace_leave_exact_sums(
    store: EventStore, engine: Engine, owner_id: int, database_url: str
) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [
        context.Process(target=append_all, args=(database_url, owner_id, half)) for half in halves()
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert [writer.exitcode for writer in writers] == [0, 0]
    append_links(store, owner_id)
    assert_exact(store, engine, owner_id)


def test_threads_of_one_store_take_turns(store: EventStore, owner_id: int) -> None:
    with ThreadPoolExecutor(8) as pool:
        batches = [[llm_call(agent=f"a{number % 3}")] * 5 for number in range(40)]
        outcomes = list(pool.map(lambda batch: store.append(owner_id, batch), batches))
    assert all(isinstance(outcome, Stored) for batch in outcomes for outcome in batch)
    assert total(store, owner_id).sums.llm_calls == 200


def test_a_reader_sees_a_batch_whole_or_not_at_all(
    store: EventStore, engine: Engine, owner_id: int
) -> None:
    reader = EventStore(engine)
    done = threading.Event()
    seen: set[int] = set()

    def read() -> None:
        while not done.is_set():
            seen.add(total(reader, owner_id).sums.llm_calls % 10)

    thread = threading.Thread(target=read)
    thread.start()
    for _ in range(10):
        store.append(owner_id, [llm_call()] * 10)
    done.set()
    thread.join()
    assert seen <= {0}


class Failing:
    """Work that fails with these errors, one after the other, and then succeeds."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.runs = 0

    def __call__(self, _: object) -> str:
        self.runs += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"


def transactions(engine: Engine, slept: list[float] | None = None) -> Transactions:
    """Return transactions whose time passes in their pauses alone, which `slept` lists."""
    pauses: list[float] = [] if slept is None else slept
    return Transactions(
        engine, clock_us=lambda: 0, sleep=pauses.append, monotonic=lambda: sum(pauses)
    )


def deadlock() -> DBAPIError:
    return OperationalError("SELECT 1", {}, psycopg.errors.DeadlockDetected())


def test_a_deadlock_is_tried_again(engine: Engine, owner_id: int) -> None:
    slept: list[float] = []
    work = Failing(deadlock(), deadlock())
    assert transactions(engine, slept).write(owner_id, work) == "done"
    assert work.runs == 3
    assert slept == sorted(slept)


def test_patience_ends(engine: Engine, owner_id: int) -> None:
    slept: list[float] = []
    work = Failing(*[deadlock() for _ in range(1000)])
    with pytest.raises(StoreUnavailable):
        transactions(engine, slept).write(owner_id, work)
    assert RETRY_FOR_S / 3 < sum(slept) <= RETRY_FOR_S
    assert slept == sorted(slept)


def busy_sqlite() -> sqlite3.OperationalError:
    """Return the error of a writer that found the file locked."""
    with pytest.raises(sqlite3.OperationalError) as raised, _locked_file() as other:
        other.execute("BEGIN IMMEDIATE")
    return raised.value


@contextmanager
def _locked_file() -> Iterator[sqlite3.Connection]:
    name = "file:locked?mode=memory&cache=shared"
    holder = sqlite3.connect(name, uri=True, isolation_level=None, timeout=0)
    other = sqlite3.connect(name, uri=True, isolation_level=None, timeout=0)
    holder.execute("BEGIN IMMEDIATE")
    try:
        yield other
    finally:
        holder.close()
        other.close()


def test_a_locked_file_is_tried_again(engine: Engine, owner_id: int) -> None:
    work = Failing(OperationalError("x", {}, busy_sqlite()))
    assert transactions(engine).write(owner_id, work) == "done"


@pytest.mark.parametrize(
    "error",
    [
        lambda: PoolTimeout("all connections are in use"),
        lambda: OperationalError("x", {}, _missing_folder()),
    ],
)
def test_what_will_not_mend_itself_soon_is_said_at_once(
    engine: Engine, owner_id: int, error: Callable[[], Exception]
) -> None:
    work = Failing(error())
    with pytest.raises(StoreUnavailable):
        transactions(engine).write(owner_id, work)
    assert work.runs == 1


def _missing_folder() -> sqlite3.OperationalError:
    with pytest.raises(sqlite3.OperationalError) as raised:
        sqlite3.connect("/nowhere/at/all.db")
    return raised.value


def test_a_statement_that_takes_too_long_is_said_at_once(database_url: str) -> None:
    if database_url.startswith("sqlite"):
        return
    engine = db.engine_for(database_url, statement_timeout_ms=20)
    with pytest.raises(StatementTooSlow, match="statement timeout"):
        transactions(engine).read(lambda connection: connection.execute(text("SELECT pg_sleep(5)")))
    engine.dispose()


@pytest.mark.parametrize("is_embedded", [True, False])
def test_a_full_disk_is_said_at_once(engine: Engine, owner_id: int, *, is_embedded: bool) -> None:
    cause = _full_file() if is_embedded else psycopg.errors.DiskFull()
    work = Failing(OperationalError("x", {}, cause))
    with pytest.raises(StoreFull):
        transactions(engine).write(owner_id, work)
    assert work.runs == 1


def _full_file() -> sqlite3.OperationalError:
    connection = sqlite3.connect(":memory:")
    connection.execute("PRAGMA max_page_count = 1")
    with pytest.raises(sqlite3.OperationalError) as raised:
        connection.execute("CREATE TABLE t (x)")
    connection.close()
    return raised.value


def test_a_mistake_of_ours_is_no_unavailability(engine: Engine, owner_id: int) -> None:
    with pytest.raises(DBAPIError):
        transactions(engine).write(
            owner_id, lambda tx: tx.connection.execute(text("SELECT nonsense FROM nowhere"))
        )


def test_a_failed_batch_leaves_nothing(engine: Engine, owner_id: int) -> None:
    def work(tx: Transaction) -> None:
        tx.connection.execute(insert(Agent).values(user_id=owner_id, name="a", created_us=0))
        raise LookupError

    with pytest.raises(LookupError):
        transactions(engine).write(owner_id, work)
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(Agent)) == 0


def test_a_database_that_is_away_is_said_so(tmp_path: Path) -> None:
    for url in (
        f"sqlite:///{tmp_path}/missing/folder.db",
        f"postgresql://nobody@/nothing?host={tmp_path}",
    ):
        engine = db.engine_for(url)
        with pytest.raises(StoreUnavailable):
            EventStore(engine).append(1, [llm_call()])
        with pytest.raises(StoreUnavailable):
            EventStore(engine).events(1, EventFilter(), limit=1)
        engine.dispose()


def test_connections_that_the_server_cut_are_replaced(
    store: EventStore, engine: Engine, owner_id: int
) -> None:
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        killer = db.engine_for(engine.url.render_as_string(hide_password=False))
        with killer.connect() as connection:
            connection.exec_driver_sql("SELECT pg_terminate_backend(%s)", (pid,))
        killer.dispose()
    assert isinstance(store.append(owner_id, [llm_call()])[0], Stored)


def lost_answer(engine: Engine) -> OperationalError:
    """Return what a driver raises when the connection breaks while it waits."""
    if engine.dialect.name == "postgresql":
        return OperationalError("COMMIT", {}, psycopg.OperationalError("connection lost"))
    lost = sqlite3.OperationalError("locked")
    lost.sqlite_errorcode = sqlite3.SQLITE_BUSY
    return OperationalError("COMMIT", {}, lost)


def test_a_commit_whose_answer_was_lost_is_not_repeated(engine: Engine, owner_id: int) -> None:
    lost: list[Connection] = []

    def commit_and_lose(connection: Connection) -> None:
        if not lost:
            lost.append(connection)
            connection.connection.commit()
            raise lost_answer(engine)

    event.listen(engine, "commit", commit_and_lose)
    store = EventStore(engine)
    outcomes = store.append(owner_id, [llm_call(), llm_call(), *agent_trace()])
    event.remove(engine, "commit", commit_and_lose)
    assert lost
    assert all(isinstance(outcome, Stored) for outcome in outcomes)
    assert total(store, owner_id).sums.total_events == 2 + len(agent_trace())
    assert total(store, owner_id).sums.llm_calls == 4
