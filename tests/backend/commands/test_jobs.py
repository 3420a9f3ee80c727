"""The scheduled jobs, by hand."""

from __future__ import annotations

import time

from backend.store import EventStore
from backend.store.windows import DAY_US
from otel_bridge.event import Event
from tests.backend.commands.conftest import Run


def test_retention_says_what_went(run: Run, store: EventStore, owner_id: int) -> None:
    now_us = time.time_ns() // 1000
    store.append(owner_id, [Event("metric", now_us - days * DAY_US) for days in (1, 100, 800)])
    assert "deleted: 2 events, 0 runs, 7 sums" in run("retention").stdout
    assert "deleted: 0 events" in run("retention").stdout
