"""The backend's numbers for real frameworks under real tracers are what the model server served."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import pytest

from tests.frameworks.conftest import Played

pytestmark = pytest.mark.e2e


def test_every_call_is_counted_once(played: Played) -> None:
    total = played.total()
    assert total["llm_calls"] == len(played.served)
    assert total["llm_errors"] == sum(not call.ok for call in played.served)


def test_every_call_belongs_to_the_agent_that_made_it(played: Played) -> None:
    calls = {agent: sums["llm_calls"] for agent, sums in played.sums().items()}
    assert {agent: n for agent, n in calls.items() if n} == played.calls_of_agents


def test_every_call_is_of_the_model_that_answered(played: Played) -> None:
    told: Counter[str] = Counter()
    for row in played.answer("/metrics/agents")["metrics"]:
        told.update(row["models_used"])
    assert told == Counter(call.model for call in played.served)


@pytest.mark.parametrize(
    ("number", "part"),
    [
        ("total_tokens_in", "all_in"),
        ("total_tokens_out", "all_out"),
        ("total_tokens_cache_read", "cache_read"),
        ("total_tokens_cache_write", "cache_write"),
        ("total_tokens_reasoning", "reasoning"),
    ],
)
def test_tokens_are_those_that_were_served(played: Played, number: str, part: str) -> None:
    served = sum(getattr(call.tokens, part) for call in played.served if call.tokens)
    assert played.total()[number] == served


def test_the_cost_is_that_of_the_price_list(played: Played) -> None:
    costs = [call.cost_usd() for call in played.served]
    assert Decimal(played.total()["total_cost_usd"]) == sum(cost for cost in costs if cost)


def test_only_calls_without_usage_have_no_cost(played: Played) -> None:
    without = sum(call.ok and call.tokens is None for call in played.served)
    assert played.total()["unpriced_calls"] == without


def test_every_execution_of_a_tool_is_one_tool_call(played: Played) -> None:
    told: Counter[tuple[str, bool]] = Counter()
    for row in played.answer("/metrics/tools")["tools"]:
        told[row["tool"], True] += row["calls"] - row["errors"]
        told[row["tool"], False] += row["errors"]
    assert +told == played.happened("tool")


def test_every_run_is_one_with_its_agent_and_status(played: Played) -> None:
    runs = played.answer("/runs")["runs"]
    told = Counter((run["agent"], run["status"]) for run in runs)
    status = {True: "success", False: "error"}
    happened = {(agent, status[ok]): n for (agent, ok), n in played.happened("run").items()}
    assert told == happened


def test_a_run_has_a_message_where_it_failed_and_only_there(played: Played) -> None:
    runs = played.answer("/runs")["runs"]
    assert all(bool(run["error_message"]) == (run["status"] == "error") for run in runs)


def test_the_totals_of_the_runs_are_those_of_their_calls(played: Played) -> None:
    runs = played.answer("/runs")["runs"]
    total, outside = played.total(), played.sums()["the-program"]
    for of_run, of_agent in (
        ("llm_calls_count", "llm_calls"),
        ("total_tokens_in", "total_tokens_in"),
        ("total_tokens_out", "total_tokens_out"),
        ("total_cost_usd", "total_cost_usd"),
    ):
        assert sum(run[of_run] for run in runs) == total[of_agent] - outside[of_agent]
    assert sum(run["tool_calls_count"] for run in runs) == played.happened("tool").total()


def test_each_failure_is_one_error_of_its_kind(played: Played) -> None:
    events = played.workspace.events()
    failed = [e for e in events if e["status"] == "error" and e["set_aside_reason"] is None]
    told = Counter(event["event_type"] for event in failed)
    assert told["llm_call"] == sum(not call.ok for call in played.served)
    assert told["tool_call"] == _failures(played, "tool")
    assert told["run_finished"] == _failures(played, "run")
    assert told["error"] == 0
    assert played.answer("/metrics/overview")["week"]["errors"] == len(failed)


def _failures(played: Played, kind: str) -> int:
    return sum(n for (_, ok), n in played.happened(kind).items() if not ok)


def test_the_overview_says_the_same(played: Played) -> None:
    week, total = played.answer("/metrics/overview")["week"], played.total()
    assert week["total_runs"] == played.happened("run").total()
    assert week["cost_usd"] == total["total_cost_usd"]
    assert week["unpriced_calls"] == total["unpriced_calls"]
