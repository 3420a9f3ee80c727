"""The sums are compared with the raw events, day by day."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Engine, delete, update

from backend import db
from backend.models import EventRow, Rollup
from backend.store import EventStore, RetentionPolicy
from backend.store.audit import Audited, audit
from backend.store.levels import DAYS, FOLDED, QUARTERS
from backend.store.windows import DAY_US
from tests.backend.store.makers import NOW_US, agent_trace, llm_call

TODAY = date(2026, 3, 1)


def test_sums_that_ingestion_wrote_are_what_the_events_say(
    store: EventStore, engine: Engine, owner_id: int
) -> None:
    store.append(owner_id, [*agent_trace(), llm_call(created_at_us=NOW_US - DAY_US)])
    days = list(audit(engine))
    assert [(one.day, one.wrong) for one in days] == [(date(2026, 2, 28), 0), (TODAY, 0)]
    assert all(one.sums for one in days)


def test_a_sum_that_differs_and_one_that_is_missing_are_found(
    store: EventStore, engine: Engine, owner_id: int
) -> None:
    store.append(owner_id, [llm_call()])
    with db.for_writing(engine).begin() as connection:
        is_quarter = Rollup.level == QUARTERS.number
        connection.execute(update(Rollup).where(is_quarter).values(cost_nusd=Rollup.cost_nusd + 1))
        connection.execute(delete(Rollup).where(Rollup.level == DAYS.number))
    # The hours and days differ from the quarter-hour too, and one is missing.
    levels = 1 + len(FOLDED)
    assert list(audit(engine)) == [Audited(owner_id, TODAY, sums=levels - 1, wrong=levels)]


def test_a_sum_without_events_is_found(store: EventStore, engine: Engine, owner_id: int) -> None:
    store.append(owner_id, [llm_call()])
    with db.for_writing(engine).begin() as connection:
        connection.execute(delete(EventRow))
    [found] = audit(engine)
    assert found.wrong == 1


def test_days_of_which_events_were_deleted_are_left_out(
    store: EventStore, engine: Engine, owner_id: int
) -> None:
    calls = [llm_call(created_at_us=NOW_US - days * DAY_US) for days in (0, 5)]
    store.append(owner_id, calls)
    later = EventStore(engine, clock_us=lambda: NOW_US)
    assert later.retain(RetentionPolicy(2, 0)).events == 1
    assert [(one.day, one.wrong) for one in audit(engine)] == [(TODAY, 0)]


def test_only_the_last_days_may_be_read(store: EventStore, engine: Engine, owner_id: int) -> None:
    store.append(owner_id, [llm_call(created_at_us=NOW_US - days * DAY_US) for days in (0, 5)])
    assert [one.day for one in audit(engine, since_us=NOW_US - DAY_US)] == [TODAY]
