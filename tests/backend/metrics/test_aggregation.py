"""The daily metrics, written by a job that may run as often as it likes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from backend.metrics.aggregation import aggregate_daily
from backend.models import AgentDailyMetrics
from backend.settings import Settings
from backend.store import EventStore
from otel_bridge.event import Event, micros
from tests.backend.conftest import NewApp, exact_json


def store_days(store: EventStore, owner_id: int, *days_ago: int) -> None:
    now = datetime.now(UTC)
    times = [micros(now - timedelta(days=days)) for days in days_ago]
    store.append(owner_id, [Event("metric", time_us, agent="bot") for time_us in times])


def written(engine: Engine) -> int:
    with Session(engine) as session:
        return len(list(session.scalars(select(AgentDailyMetrics))))


def test_today_yesterday_and_days_that_late_events_touched_are_written(
    engine: Engine, store: EventStore, owner_id: int
):
    store_days(store, owner_id, 0, 1, 5)
    done = aggregate_daily(store)
    assert (done.today, done.yesterday, done.late) == (1, 1, 1)
    again = aggregate_daily(store)
    assert (again.today, again.yesterday, again.late) == (1, 1, 0)
    assert written(engine) == 3


def test_the_operators_cron_is_told_how_many(
    new_app: NewApp, database_url: str, store: EventStore, owner_id: int
):
    store_days(store, owner_id, 0, 0, 1)
    client = new_app(Settings(database_url, "s", cron_secret="cron")).test_client()
    head = {"Authorization": "Bearer cron"}
    for method in ("GET", "POST"):
        response = client.open("/api/obs/internal/aggregate", method=method, headers=head)
        assert exact_json(response) == {
            "success": True,
            "aggregated": {"today": 1, "yesterday": 1, "late": 0},
        }
