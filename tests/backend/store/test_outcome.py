"""How runs and steps ended, and who tells a failure."""

from __future__ import annotations

from uuid import uuid4

import pytest

from backend.store.accounting import Entry, SetAside, decide
from otel_bridge.facts import Operation
from tests.backend.store.entries import decided, entry


def run(**fields: object) -> Entry:
    return entry("run", Operation.AGENT, agent="a", event_type="run_finished", **fields)  # type: ignore[arg-type]  # Entry's own fields


def call(span_id: str, at_us: int, status: str = "success", **fields: object) -> Entry:
    told = {"parent": "run", "status": status, "created_us": at_us} | fields
    return entry(span_id, Operation.CHAT, **told)  # type: ignore[arg-type]  # Entry's own fields


def tool(span_id: str, at_us: int, status: str = "success", **fields: object) -> Entry:
    told = {"parent": "run", "status": status, "created_us": at_us} | fields
    return entry(span_id, Operation.TOOL, **told)  # type: ignore[arg-type]  # Entry's own fields


@pytest.mark.parametrize(
    ("steps", "status"),
    [
        ([call("1", 1)], "success"),
        ([call("1", 1, "error")], "error"),
        ([call("1", 1), call("2", 2, "error")], "error"),
        ([call("1", 1, "error"), call("2", 2)], "success"),
        ([call("1", 1), tool("2", 2, "error"), call("3", 3)], "success"),
        ([call("1", 1), tool("2", 2, "error")], "error"),
        ([tool("2", 2, "error")], "success"),
        ([call("1", 1), tool("2", 2, "error"), tool("3", 3)], "success"),
        ([call("1", 1, "error"), tool("2", 2)], "success"),
        ([], "success"),
    ],
)
def test_a_run_whose_last_step_failed_is_an_error_although_its_span_says_nothing(
    steps: list[Entry], status: str
) -> None:
    found = decided([*steps, run(created_us=9)])
    assert found["run"].status == status


def test_a_run_whose_span_failed_is_an_error_whatever_its_calls_say() -> None:
    assert decided([call("1", 1), run(status="error")])["run"].status == "error"


def test_a_run_that_was_finished_by_hand_ended_as_it_was_said() -> None:
    by_hand = Entry(uuid4().bytes, "run_finished", "success", 9, run_hint="r")
    failed = Entry(uuid4().bytes, "llm_call", "error", 1, run_hint="r")
    assert decide([by_hand, failed], {})[by_hand.uid].status == "success"


def test_a_failure_is_told_by_the_deepest_call_tool_or_run() -> None:
    found = decided(
        [
            run(status="error"),
            entry("node", Operation.STEP, parent="run", status="error"),
            entry("sub", Operation.AGENT, parent="node", agent="sub", status="error"),
            call("1", 1, "error", parent="sub"),
        ]
    )
    assert {key: one.set_aside_reason for key, one in found.items()} == {
        "run": None,
        "node": SetAside.REPEATS_FAILURE_BELOW,
        "sub": SetAside.REPEATS_FAILURE_BELOW,
        "1": None,
    }


def test_a_step_that_failed_by_itself_tells_it() -> None:
    found = decided(
        [run(), entry("node", Operation.STEP, parent="run", status="error"), call("1", 1)]
    )
    assert found["node"].counted


def test_a_failed_step_that_alone_carries_usage_still_counts() -> None:
    step = entry("node", Operation.STEP, parent="run", status="error", tokens=100)
    assert decided([run(), step, tool("1", 1, "error", parent="node")])["node"].counted
