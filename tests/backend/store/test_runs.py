"""The figures of a run."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from backend.store.accounting import Entry
from backend.store.rows import Placed, Placement, Row
from backend.store.runs import run_of


def placed(event_type: str, created_us: int = 0, **fields: Any) -> Placed:
    """Return an event of run `r`; fields go where they belong: the entry, the row or the place."""
    told = {"event_type": event_type, "status": "success", **fields}
    own = {name: told[name] for name in _ROW if name in told}
    entry = Entry(
        uuid4().bytes,
        created_us=created_us,
        **{name: value for name, value in told.items() if name in _ENTRY},
    )
    place = _NOWHERE._replace(
        **{name: value for name, value in told.items() if name in Placement._fields}
    )
    return replace(Row(entry, None, None, None, None), **own), place


_ROW = ("latency_ms", "error_message")
_ENTRY = frozenset(Entry.__struct_fields__)
_NOWHERE = Placement("", "", None, "r", True, *[None] * (len(Placement._fields) - 5))


def test_a_run_without_an_end_is_running() -> None:
    run = run_of("r", [placed("run_started", 5)])
    assert (run.status, run.total_latency_ms, run.finished_us) == ("running", None, None)


@pytest.mark.parametrize(
    ("status", "expected"), [("success", "success"), ("info", "success"), ("error", "error")]
)
def test_a_run_ends_as_its_end_says(status: str, expected: str) -> None:
    run = run_of("r", [placed("run_finished", 9, status=status, latency_ms=4)])
    assert (run.status, run.total_latency_ms, run.finished_us) == (expected, 4, 9)


def test_an_end_without_a_latency_is_measured_from_the_start() -> None:
    run = run_of("r", [placed("run_started", 1_000_000), placed("run_finished", 3_500_000)])
    assert run.total_latency_ms == 2500


def test_sums_are_of_what_counts() -> None:
    run = run_of(
        "r",
        [
            placed("llm_call", tokens_in=10, tokens_out=2, cost_nusd=5),
            placed("llm_call", tokens_in=10, tokens_out=2, cost_nusd=5, counted=False),
            placed("tool_call"),
            placed("tool_call", counted=False),
            placed("run_finished", tokens_in=10, tokens_out=2, counted=False),
        ],
    )
    assert (run.total_tokens_in, run.total_tokens_out, run.total_cost_nusd) == (10, 2, 5)
    assert (run.llm_calls_count, run.tool_calls_count, run.events_count) == (1, 1, 5)


def test_the_model_is_the_most_used_one_and_the_first_by_name_of_equals() -> None:
    models = ["b", "b", "a", "a", "c", None, None, None]
    run = run_of("r", [placed("llm_call", model=model) for model in models])
    assert run.model == "a"


def test_a_run_starts_where_it_says_else_with_its_earliest_event() -> None:
    call = placed("llm_call", 50, started_us=20)
    assert run_of("r", [call, placed("run_started", 30)]).started_us == 30
    assert run_of("r", [call, placed("tool_call", 40)]).started_us == 20


def test_the_error_is_the_ends_else_that_of_the_first_failure() -> None:
    first = placed("tool_call", 1, status="error", error_message="first")
    second = placed("llm_call", 2, status="error", error_message="second")
    end = placed("run_finished", 3, status="error")
    assert run_of("r", [second, first, end]).error_message == "first"
    told = placed("run_finished", 3, status="error", error_message="end")
    assert run_of("r", [second, first, told]).error_message == "end"


def test_the_agent_is_the_ends_else_the_starts_else_the_first_known() -> None:
    start, call = placed("run_started", 5, agent_id=2), placed("llm_call", 1, agent_id=3)
    assert run_of("r", [call, start, placed("run_finished", 9, agent_id=1)]).agent_id == 1
    assert run_of("r", [call, start]).agent_id == 2
    assert run_of("r", [placed("tool_call"), call]).agent_id == 3


@given(st.permutations(range(5)))
def test_the_order_of_events_does_not_matter(order: list[int]) -> None:
    events = [
        placed("run_started", 1, agent_id=1),
        placed("llm_call", 2, model="m", tokens_in=3),
        placed("tool_call", 2, status="error", error_message="x"),
        placed("run_finished", 4, agent_id=2),
        placed("run_finished", 4, agent_id=3, status="error"),
    ]
    assert run_of("r", [events[number] for number in order]) == run_of("r", events)
