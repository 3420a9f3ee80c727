"""How long an owner's events are kept: known for a few seconds, obeyed by ingestion and jobs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, update

from backend import db
from backend.models import User
from backend.retention import RetentionDays
from backend.settings import Settings
from backend.store import EventFilter, EventStore
from otel_bridge.event import Event, micros
from tests.backend.conftest import Caller, NewApp, Person, Web, exact_json


class Clock:
    """A clock that a test moves."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def keep(engine: Engine, owner_id: int, days: int | None) -> None:
    with db.for_writing(engine).begin() as connection:
        connection.execute(update(User).where(User.id == owner_id).values(retention_days=days))


def test_an_owner_without_days_has_the_server_s(engine: Engine, owner_id: int):
    assert RetentionDays(engine, default_days=90).of(owner_id) == 90


def test_a_change_holds_after_a_few_seconds(engine: Engine, owner_id: int):
    clock = Clock()
    days = RetentionDays(engine, default_days=90, max_age_s=3, clock=clock)
    assert days.of(owner_id) == 90
    keep(engine, owner_id, 0)
    assert days.of(owner_id) == 90
    clock.now_s = 3
    assert days.of(owner_id) == 0


def test_what_is_too_old_is_a_matter_of_the_owner(
    web: Web, ada: Person, ingest_key: Caller, bobs_key: Caller
):
    keep(web.engine, ada.id, 365)
    old = {
        "event_type": "metric",
        "created_at": (datetime.now(UTC) - timedelta(days=100)).isoformat(),
    }
    assert ingest_key.ingest(old)["accepted"] == 1
    assert "older" in bobs_key.ingest(old)["rejected"][0]["reason"]


def test_the_operators_cron_deletes_what_is_too_old(
    new_app: NewApp, database_url: str, store: EventStore, owner_id: int
):
    now = datetime.now(UTC)
    times = [micros(now - timedelta(days=days)) for days in (0, 100, 200)]
    store.append(owner_id, [Event("metric", time_us) for time_us in times])
    client = new_app(Settings(database_url, "s", cron_secret="cron")).test_client()
    assert client.post("/api/obs/internal/retention").status_code == 401
    head = {"Authorization": "Bearer cron"}
    for method, events in (("GET", 2), ("POST", 0)):
        response = client.open("/api/obs/internal/retention", method=method, headers=head)
        assert exact_json(response) == {
            "success": True,
            "deleted": {"events": events, "runs": 0, "rollups": 0},
            "finished": True,
        }
    assert len(store.events(owner_id, EventFilter(), limit=9).events) == 1
