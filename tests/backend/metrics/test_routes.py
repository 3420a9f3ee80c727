"""Sums, events and runs as the API answers them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from backend.store import EventStore, day_at
from otel_bridge.event import micros
from tests.backend.conftest import Caller, Person, Web, exact_json

NOW = datetime.now(UTC)
ROW_FIELDS = {
    "date",
    "agent_id",
    "total_runs",
    "successful_runs",
    "failed_runs",
    "success_rate",
    "error_rate",
    "total_events",
    "total_tokens_in",
    "total_tokens_out",
    "total_cost_usd",
    "total_tool_calls",
    "tool_errors",
    "latency_p50_ms",
    "latency_p95_ms",
    "latency_avg_ms",
    "models_used",
    "last_heartbeat_at",
}


def call(days_ago: float = 0, **fields: Any) -> dict[str, Any]:
    """Return a successful call of a day, with the money and tokens of none given."""
    return {
        "event_type": "llm_call",
        "status": "success",
        "created_at": (NOW - timedelta(days=days_ago)).isoformat(),
    } | fields


def run(status: str = "success", **fields: Any) -> dict[str, Any]:
    return call(event_type="run_finished", status=status, run_id=str(uuid4()), **fields)


def overview(caller: Caller) -> dict[str, Any]:
    found: dict[str, Any] = exact_json(caller.get("/api/obs/metrics/overview"))
    return found


def rows(caller: Caller, **query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = exact_json(caller.get("/api/obs/metrics/agents", **query))[
        "metrics"
    ]
    return found


def test_an_empty_workspace_has_an_overview_of_nothing(read_key: Caller):
    assert overview(read_key) == {
        "today": {
            "cost_usd": 0,
            "llm_calls": 0,
            "errors": 0,
            "total_events": 0,
            "unpriced_calls": 0,
        },
        "week": {"cost_usd": 0, "total_runs": 0, "errors": 0, "unpriced_calls": 0},
        "active_agents_24h": 0,
        "unacknowledged_alerts": 0,
    }
    assert rows(read_key) == []
    for path, name in (("/metrics/models", "models"), ("/metrics/tools", "tools")):
        assert exact_json(read_key.get(f"/api/obs{path}")) == {name: []}


def test_an_event_is_in_the_overview_as_soon_as_it_is_acknowledged(
    ingest_key: Caller, read_key: Caller
):
    for count in range(1, 4):
        ingest_key.ingest(call(agent="bot", cost_usd="0.1", tokens_in=5))
        assert overview(read_key)["today"]["cost_usd"] == Decimal("0.1") * count
        assert overview(read_key)["today"]["llm_calls"] == count


def test_the_week_is_today_and_the_six_days_before(ingest_key: Caller, read_key: Caller):
    ingest_key.ingest(
        call(0, cost_usd=1),
        call(6, cost_usd=10, status="error"),
        call(7, cost_usd=100),
        run("error"),
        run(),
    )
    found = overview(read_key)
    assert (found["today"]["cost_usd"], found["week"]["cost_usd"]) == (1, 11)
    assert (found["today"]["errors"], found["week"]["errors"]) == (1, 2)
    assert found["week"]["total_runs"] == 2


def test_only_agents_of_the_last_day_are_active(ingest_key: Caller, read_key: Caller):
    ingest_key.ingest(call(agent="new"), call(2, agent="old"), call())
    assert overview(read_key)["active_agents_24h"] == 1


def test_a_row_tells_a_day_of_an_agent(ingest_key: Caller, read_key: Caller):
    ingest_key.ingest(
        run(agent="bot"),
        run(agent="bot"),
        run("error", agent="bot"),
        call(agent="bot", model="gpt-4o", tokens_in=10, tokens_out=2, latency_ms=100, cost_usd=2),
        call(agent="bot", model="gpt-4o", tokens_in=10, tokens_out=2, latency_ms=300),
        call(agent="bot", latency_ms=200, status="error"),
        call(agent="bot", event_type="tool_call", status="error", latency_ms=9999),
        call(agent="bot", event_type="tool_call"),
        call(model="other"),
    )
    [bot, nobody] = sorted(rows(read_key), key=lambda row: row["agent_id"] or 2**63)
    assert set(bot) >= ROW_FIELDS
    assert (bot["total_runs"], bot["successful_runs"], bot["failed_runs"]) == (3, 2, 1)
    assert (float(bot["success_rate"]), float(bot["error_rate"])) == (0.666667, 0.333333)
    assert (bot["total_events"], bot["total_tool_calls"], bot["tool_errors"]) == (8, 2, 1)
    assert (bot["total_tokens_in"], bot["total_tokens_out"]) == (20, 4)
    assert bot["models_used"] == {"gpt-4o": 2, "unknown": 1}
    assert abs(bot["latency_p50_ms"] - 200) <= 2
    assert abs(bot["latency_p95_ms"] - 300) <= 3
    assert float(bot["latency_avg_ms"]) == 200
    assert bot["last_heartbeat_at"] is None
    assert nobody["agent_id"] is None
    assert (nobody["total_runs"], nobody["success_rate"], nobody["error_rate"]) == (0, None, None)
    assert (nobody["latency_p50_ms"], nobody["latency_avg_ms"]) == (None, None)


def test_rows_are_of_the_last_seven_days_newest_first_unless_asked_otherwise(
    ingest_key: Caller, read_key: Caller
):
    ingest_key.ingest(*(call(days, agent="bot") for days in (0, 1, 6, 7, 20)))
    today = NOW.date()

    def days_of(found: list[dict[str, Any]]) -> list[int]:
        return [(today - date.fromisoformat(row["date"])).days for row in found]

    assert days_of(rows(read_key)) == [0, 1, 6]
    early = str(today - timedelta(days=20))
    assert days_of(rows(read_key, from_=early)) == [0, 1, 6, 7, 20]
    assert days_of(rows(read_key, from_=early, to=early)) == [20]
    assert days_of(rows(read_key, from_="1970-01-01", to="9998-12-31")) == [0, 1, 6, 7, 20]
    agent_id = rows(read_key)[0]["agent_id"]
    page = exact_json(read_key.get(f"/api/obs/metrics/agent/{agent_id}"))
    assert days_of(page["metrics"]) == [20, 7, 6, 1, 0]
    assert (page["agent"]["name"], len(page["recent_events"])) == ("bot", 5)


def test_days_begin_at_the_owners_midnight(
    web: Web, ada: Person, ingest_key: Caller, read_key: Caller
):
    zone = "Pacific/Kiritimati"
    EventStore(web.engine).set_timezone(ada.id, zone)
    ingest_key.ingest(call(agent="bot", cost_usd=1))
    local = day_at(micros(NOW), ZoneInfo(zone))
    assert [row["date"] for row in rows(read_key)] == [local.isoformat()]
    assert overview(read_key)["today"]["cost_usd"] == 1


def test_models_and_tools_are_summed_with_their_failures(ingest_key: Caller, read_key: Caller):
    ingest_key.ingest(
        call(provider="openai", model="gpt-4o", cost_usd=3, tokens_in=7, latency_ms=10),
        call(provider="openai", model="gpt-4o", status="error"),
        call(provider="mine", model="m", tokens_in=1, tokens_out=1),
        call(event_type="tool_call", payload={"tool": "search"}, latency_ms=5),
        call(event_type="tool_call", payload={"tool": "search"}, status="error"),
    )
    [known, unknown] = exact_json(read_key.get("/api/obs/metrics/models"))["models"]
    assert (known["model"], known["llm_calls"], known["errors"]) == ("gpt-4o", 2, 1)
    assert (known["cost_usd"], known["unpriced_calls"], known["latency_p95_ms"]) == (3, 0, 10)
    assert (unknown["provider"], unknown["unpriced_calls"]) == ("mine", 1)
    [tool] = exact_json(read_key.get("/api/obs/metrics/tools"))["tools"]
    assert (tool["tool"], tool["calls"], tool["errors"]) == ("search", 2, 1)
    assert (tool["latency_p50_ms"], tool["latency_p95_ms"]) == (5, 5)


PAGES = ("/api/obs/events", "/api/obs/runs")


def test_events_are_filtered_by_everything_that_the_api_names(ingest_key: Caller, read_key: Caller):
    one = call(1, agent="bot", model="gpt-4o", run_id=str(uuid4()), name="one")
    ingest_key.ingest(one, call(status="error", event_type="tool_call"), call(model="x"))
    [agent] = exact_json(read_key.get("/api/obs/agents"))["agents"]
    yesterday = str(NOW.date() - timedelta(days=1))
    for wanted in (
        {"agent_id": agent["id"]},
        {"model": "gpt-4o"},
        {"run_id": one["run_id"].upper()},
        {"from_": yesterday, "to": yesterday},
        {"to": (NOW - timedelta(hours=1)).isoformat()},
        {"status": "success", "event_type": "llm_call", "model": "gpt-4o"},
    ):
        page = exact_json(read_key.get("/api/obs/events", **wanted))
        assert [event["name"] for event in page["events"]] == ["one"], wanted
        assert page["total"] == 1
    assert exact_json(read_key.get("/api/obs/events", status="error"))["total"] == 1


def test_pages_are_walked_by_cursor_or_by_offset(ingest_key: Caller, read_key: Caller):
    ingest_key.ingest(*(run(agent="bot") for _ in range(7)))
    for path in PAGES:
        name = path.rpartition("/")[2]
        everything = exact_json(read_key.get(path))[name]
        assert len(everything) == 7
        walked: list[Any] = []
        query: dict[str, Any] = {"limit": 3}
        while True:
            page = exact_json(read_key.get(path, **query))
            assert (page["total"], page["limit"], page["offset"]) == (7, 3, 0)
            walked += page[name]
            if page["next_cursor"] is None:
                break
            query["cursor"] = page["next_cursor"]
        assert walked == everything
        assert exact_json(read_key.get(path, limit=2, offset=4))[name] == everything[4:6]
        assert exact_json(read_key.get(path, offset=9))[name] == []


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 0},
        {"limit": 201},
        {"limit": "x"},
        {"offset": -1},
        {"offset": 2**63},
        {"status": "fine"},
        {"status": ""},
        {"agent_id": 0},
        {"agent_id": "bot"},
        {"agent_id": 2**70},
        {"from_": "yesterday"},
        {"to": "2026-13-01"},
        {"from_": "2026-01-02", "to": "2026-01-01"},
        {"cursor": "AAAA"},
        {"cursor": "\0"},
    ],
)
@pytest.mark.parametrize("path", PAGES)
def test_an_unreadable_filter_is_a_400(read_key: Caller, path: str, query: dict[str, Any]):
    response = read_key.get(path, **query)
    assert response.status_code == 400
    assert len(exact_json(response)["error"]) > 10


@pytest.mark.parametrize("query", [{"event_type": "llm"}, {"run_id": "1"}, {"model": ""}])
def test_an_unreadable_filter_of_events_is_a_400(read_key: Caller, query: dict[str, Any]):
    assert read_key.get("/api/obs/events", **query).status_code == 400


def test_a_cursor_of_one_list_is_none_of_another(ingest_key: Caller, read_key: Caller):
    ingest_key.ingest(run(), run())
    cursor = exact_json(read_key.get("/api/obs/events", limit=1))["next_cursor"]
    assert read_key.get("/api/obs/events", cursor=cursor).status_code == 200
    assert read_key.get("/api/obs/runs", cursor=cursor).status_code == 400


@pytest.mark.parametrize("path", ["/agents", "/models", "/tools"])
def test_a_bad_date_is_a_400(read_key: Caller, path: str):
    for query in (
        {"from_": "x"},
        {"to": "2026-02-30"},
        {"from_": "2026-02-01", "to": "2026-01-01"},
    ):
        assert read_key.get(f"/api/obs/metrics{path}", **query).status_code == 400


def test_a_run_is_shown_with_its_events(ingest_key: Caller, read_key: Caller):
    run_id = str(uuid4())
    ingest_key.ingest(
        call(event_type="run_started", status="info", run_id=run_id, agent="bot"),
        call(run_id=run_id, model="gpt-4o", tokens_in=10, tokens_out=2, cost_usd="0.5"),
        call(event_type="tool_call", run_id=run_id),
    )
    found = exact_json(read_key.get(f"/api/obs/runs/{run_id.upper()}"))
    assert found["run"]["status"] == "running"
    assert found["run"]["finished_at"] is None
    ingest_key.ingest(call(event_type="run_finished", status="error", run_id=run_id))
    found = exact_json(read_key.get(f"/api/obs/runs/{run_id}"))
    figures = found["run"]
    assert (figures["run_id"], figures["status"], figures["agent"]) == (run_id, "error", "bot")
    assert (figures["total_tokens_in"], figures["total_tokens_out"]) == (10, 2)
    assert (figures["total_cost_usd"], figures["tool_calls_count"]) == (Decimal("0.5"), 1)
    assert len(found["events"]) == 4
    assert all(event["children"] == [] for event in found["events"])
    [listed] = exact_json(read_key.get("/api/obs/runs", status="error"))["runs"]
    assert listed == figures


@pytest.mark.parametrize("run_id", ["x", "1", "3f2504e0-4f89-11d3-9a0c-0305e82c3301", "%00", "a/b"])
def test_an_unknown_run_is_a_404(read_key: Caller, run_id: str):
    assert read_key.get(f"/api/obs/runs/{run_id}").status_code == 404


def test_nothing_of_one_owner_is_visible_to_another(bobs_key: Caller, read_key: Caller):
    bobs = run(agent="his", cost_usd=5)
    bobs_key.ingest(bobs, call(agent="his", model="m"))
    [agent] = exact_json(bobs_key.get("/api/obs/agents"))["agents"]
    assert overview(read_key)["today"]["total_events"] == 0
    assert rows(read_key) == []
    for path in PAGES:
        assert exact_json(read_key.get(path))["total"] == 0
        assert exact_json(read_key.get(path, agent_id=agent["id"]))["total"] == 0
    assert exact_json(read_key.get("/api/obs/metrics/models")) == {"models": []}
    assert read_key.get(f"/api/obs/runs/{bobs['run_id']}").status_code == 404
    assert read_key.get(f"/api/obs/metrics/agent/{agent['id']}").status_code == 404
    assert bobs_key.get(f"/api/obs/runs/{bobs['run_id']}").status_code == 200


def test_warnings_are_counted_and_their_events_are_found(
    ingest_key: Caller, read_key: Caller
) -> None:
    odd = call(
        model="mine",
        provider="elsewhere",
        tokens_in=5,
        payload={"warnings": ["unknown_provider"]},
    )
    ingest_key.ingest(odd, call(model="gpt-4o"))
    (told,) = exact_json(read_key.get("/api/obs/metrics/warnings"))["warnings"]
    assert told == {
        "code": "unknown_provider",
        "scope": None,
        "provider": "elsewhere",
        "model": "mine",
        "events": 1,
    }
    found = exact_json(read_key.get("/api/obs/events", warning="unknown_provider"))
    assert [event["warnings"] for event in found["events"]] == [["unknown_provider"]]
    assert read_key.get("/api/obs/events", warning="Not a code").status_code == 400


def test_a_run_that_goes_on_tells_when_it_was_last_heard_of(
    ingest_key: Caller, read_key: Caller
) -> None:
    run_id = str(uuid4())
    ingest_key.ingest(call(0.5, event_type="run_started", run_id=run_id))
    (told,) = exact_json(read_key.get("/api/obs/runs"))["runs"]
    assert (told["status"], told["stuck"], told["finished_at"]) == ("running", True, None)
    assert told["last_event_at"] == told["started_at"]
