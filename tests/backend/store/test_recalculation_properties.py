"""For any calls and any prices: preview, difference and sums agree, and every step leads back."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from itertools import count
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from backend.store import EventStore, Summary
from otel_bridge.event import Event
from tests.backend.store.makers import NOW_US, SECOND_US, run_finished, run_started, snapshot
from tests.backend.store.pricing import book_of, call
from tests.databases import new_owner

HOUR_US = 3600 * SECOND_US
MODELS = ("m1", "m2", "m3")
EMAILS = count()

_TOKENS = st.none() | st.integers(0, 5000)
_CALLS = st.lists(
    st.fixed_dictionaries(
        {
            "model": st.none() | st.sampled_from(MODELS),
            "provider": st.sampled_from(["acme", "Acme", None]),
            "tokens_in": _TOKENS,
            "tokens_out": _TOKENS,
            "cost_usd": st.none()
            | st.integers(0, 10**6).map(lambda nusd: Decimal(nusd).scaleb(-9)),
            "payload": st.sampled_from(
                [{}, *({"cost_source": one} for one in ("client", "tracer"))]
            ),
            "status": st.sampled_from(["success", "error"]),
            "created_at_us": st.integers(0, 48).map(lambda hour: NOW_US + hour * HOUR_US),
            "parent_span_id": st.sampled_from(["root", "span0", "span1", None]),
        }
    ),
    max_size=8,
)
_BOOKS = st.dictionaries(st.sampled_from(MODELS), st.integers(0, 50), max_size=3).map(
    lambda prices: book_of(**prices)
)
_WINDOWS = st.tuples(st.integers(-1, 49), st.integers(-1, 49)).map(
    lambda hours: {
        "start_us": NOW_US + min(hours) * HOUR_US,
        "end_us": NOW_US + max(hours) * HOUR_US,
    }
)


def a_run(calls: list[dict[str, Any]]) -> list[Event]:
    """Return a run with these calls, of which some stand in each other."""
    told = [call(f"span{number}", **fields) for number, fields in enumerate(calls)]
    return [run_started("root"), *told, run_finished("root")]


def measured(store: EventStore, owner_id: int) -> Counter[tuple[Any, ...]]:
    """Return cost and calls without a price, by day and model."""
    groups = store.measure(
        owner_id, start_us=0, end_us=2**62, group_by=("day", "provider", "model")
    )
    found: Counter[tuple[Any, ...]] = Counter()
    for group in groups:
        key = tuple(group.key.values())
        found[*key, "cost"] = group.sums.cost_nusd
        found[*key, "unpriced"] = group.sums.unpriced_calls
    return found


def told_by(summary: Summary) -> Counter[tuple[Any, ...]]:
    """Return by how much a summary says that these change."""
    found: Counter[tuple[Any, ...]] = Counter()
    for line in summary.lines:
        key, change = (line.day, line.provider, line.model), line.difference
        found[*key, "cost"] = change.cost_nusd
        found[*key, "unpriced"] = change.no_longer_priced - change.newly_priced
    return found


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    calls=_CALLS,
    first=_BOOKS,
    changes=st.lists(st.tuples(_BOOKS, _WINDOWS), min_size=1, max_size=3),
    step=st.integers(1, 4),
)
def test_preview_difference_and_sums_agree_and_every_step_leads_back(
    store: EventStore, engine: Engine, calls: Any, first: Any, changes: Any, step: int
) -> None:
    owner_id = new_owner(engine, f"{next(EMAILS)}@example.com")
    store.append(owner_id, a_run(calls), book=first)
    states, ids = [], []
    for book, window in changes:
        states.append(snapshot(engine, owner_id))
        before = measured(store, owner_id)
        expected = store.preview_recalculation(owner_id, book=book, step=step, **window)
        done = store.apply_recalculation(owner_id, book=book, step=step, **window)
        before.update(told_by(done.summary))
        assert done.summary == expected
        assert measured(store, owner_id) == before
        assert not store.preview_recalculation(owner_id, book=book, **window).lines
        ids.append(done.id)
        priced = snapshot(engine, owner_id)
        store.rebuild(owner_id)
        assert snapshot(engine, owner_id) == priced
    for recalculation_id in reversed(ids):
        assert store.undo_recalculation(owner_id, recalculation_id, step=step).skipped == 0
        assert snapshot(engine, owner_id) == states.pop()


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(calls=_CALLS, book=_BOOKS)
def test_what_ingestion_priced_by_a_book_does_not_change_by_the_same_one(
    store: EventStore, engine: Engine, calls: Any, book: Any
) -> None:
    owner_id = new_owner(engine, f"{next(EMAILS)}@example.com")
    for event in a_run(calls):
        store.append(owner_id, [event], book=book)
    done = store.apply_recalculation(owner_id, start_us=0, end_us=2**62, book=book)
    assert store.recalculation(owner_id, done.id).events == 0
