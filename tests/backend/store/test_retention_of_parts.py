"""What is left when a part of what belongs together is gone counts for no more than before."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest
from sqlalchemy import Engine, func, select

from backend import db
from backend.models import RunRow, User
from backend.store import EventStore, RetentionPolicy
from backend.store.audit import audit
from backend.store.windows import DAY_US, HOUR_US
from otel_bridge.event import Event
from tests.backend.store.makers import NOW_US, llm_call, run_finished, run_started, total
from tests.databases import new_owner

ONE_DAY = RetentionPolicy(events_days=1, rollups_days=730)
THEN_US = NOW_US - 30 * HOUR_US


@pytest.fixture
def store_at(engine: Engine) -> Callable[[int], EventStore]:
    """Make stores whose clock stands at a time."""
    return lambda time_us: EventStore(engine, clock_us=lambda: time_us)


def told_by(scope: str, trace: str, *, at_us: int = THEN_US, response: str = "r") -> Event:
    """Return a call as one of two tracers tells it, in a trace of its own."""
    return llm_call(
        f"c-{response}",
        trace_id=trace,
        scope=scope,
        response_id=response,
        created_at_us=at_us,
        dedupe_key=f"{scope}-{response}",
    )


@pytest.mark.parametrize("goes_on", ["a" * 32, "b" * 32])
def test_a_copy_whose_call_is_gone_does_not_count_when_its_trace_goes_on(
    store_at: Callable[[int], EventStore], engine: Engine, owner_id: int, goes_on: str
) -> None:
    store = store_at(NOW_US)
    for scope, trace in (("one", "a" * 32), ("two", "b" * 32)):
        store.append(owner_id, [told_by(scope, trace)])
    store.append(owner_id, [told_by("one", goes_on, at_us=NOW_US, response="later")])
    assert total(store, owner_id).sums.llm_calls == 2
    assert store.retain(ONE_DAY).events == 1
    store.append(owner_id, [told_by("one", goes_on, at_us=NOW_US + 1, response="more")])
    assert total(store, owner_id).sums.llm_calls == 3
    assert sum(day.wrong for day in audit(engine)) == 0


def test_a_run_without_an_end_waits_a_week_for_it(
    store_at: Callable[[int], EventStore], engine: Engine, owner_id: int
) -> None:
    begun = [
        run_started("root", created_at_us=THEN_US),
        llm_call("c", parent_span_id="root", created_at_us=THEN_US),
    ]
    store_at(THEN_US).append(owner_id, begun)
    assert store_at(NOW_US).retain(ONE_DAY).events == 0
    end = run_finished("root", tokens_in=100, tokens_out=20, created_at_us=NOW_US)
    store_at(NOW_US).append(owner_id, [end])
    assert total(store_at(NOW_US), owner_id).sums.tokens_in == 100
    with engine.connect() as connection:
        assert connection.scalar(select(RunRow.llm_calls_count)) == 1
    assert store_at(NOW_US + 2 * DAY_US).retain(ONE_DAY).events == len([*begun, end])


def test_a_run_that_never_ends_goes_after_the_week(
    store_at: Callable[[int], EventStore], owner_id: int
) -> None:
    store_at(THEN_US).append(owner_id, [run_started("root", created_at_us=THEN_US)])
    removed = store_at(NOW_US + 7 * DAY_US).retain(ONE_DAY)
    assert (removed.events, removed.runs) == (1, 1)


def test_owners_without_old_events_cost_no_pause(
    store_at: Callable[[int], EventStore], engine: Engine
) -> None:
    owners = [new_owner(engine, f"{number}@example.com") for number in range(100)]
    store_at(THEN_US).append(owners[-1], [llm_call(created_at_us=THEN_US)])
    removed = store_at(NOW_US).retain(ONE_DAY, for_s=2.0)
    assert (removed.events, removed.is_finished) == (1, True)


def test_an_owner_who_is_kept_busy_does_not_stop_the_others(
    store_at: Callable[[int], EventStore], engine: Engine, database_url: str
) -> None:
    if engine.dialect.name == "sqlite":
        return  # one writer: whoever keeps one owner busy keeps all of them
    busy, other = (new_owner(engine, f"{name}@example.com") for name in ("busy", "other"))
    for owner in (busy, other):
        store_at(THEN_US).append(owner, [llm_call(created_at_us=THEN_US)])
    url = db.database_url(database_url).set(drivername="postgresql")
    with psycopg.connect(url.render_as_string(hide_password=False)) as holder:
        holder.execute("SELECT pg_advisory_lock(%s)", ((0x0B5 << 48) + busy,))
        removed = store_at(NOW_US).retain(ONE_DAY)
    assert (removed.events, removed.is_finished) == (1, False)


def test_the_events_are_known_to_be_complete_from_the_first_that_is_left(
    store_at: Callable[[int], EventStore], engine: Engine, owner_id: int
) -> None:
    old = [llm_call(created_at_us=THEN_US - hours * HOUR_US) for hours in (0, 50)]
    store_at(NOW_US).append(owner_id, old)
    store_at(NOW_US).retain(RetentionPolicy(events_days=2, rollups_days=0))
    with engine.connect() as connection:
        since_us = connection.scalar(select(func.max(User.raw_since_us)))
    assert THEN_US - 50 * HOUR_US < (since_us or 0) <= THEN_US - 49 * HOUR_US
