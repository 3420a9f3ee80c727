"""What the WSGI server loads, once in each of its worker processes."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

from flask import Flask

from backend.app import create_app
from backend.metrics.aggregation import aggregate_daily
from backend.retention import policy_of
from backend.scheduler import Job, Scheduler
from backend.services import EXTENSION, Services
from backend.settings import read_settings

#: Names the file by which the workers of one server agree who runs the jobs.
TURN_VARIABLE = "OTEL_BRIDGE_SCHEDULER_TURN"

_FIVE_MINUTES_S = 300.0
_DAY_S = 24 * 3600.0

#: A tenth of Python's default: a thread that comes back from the database waits less for its turn.
_SWITCH_INTERVAL_S = 0.0005


def make_app() -> Flask:
    """Return the application with the settings of the environment, its scheduler running."""
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    settings = read_settings(with_secret=True)
    logging.basicConfig(
        level=settings.log_level.upper(),
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    app = create_app(settings)
    if settings.scheduler:
        _start_scheduler(app.extensions[EXTENSION])
    return app


def _start_scheduler(services: Services) -> None:
    turn = os.environ.get(TURN_VARIABLE)
    store, policy = services.store, policy_of(services.settings)
    jobs = (
        Job("aggregate", lambda: aggregate_daily(store), _FIVE_MINUTES_S),
        Job("retention", lambda: store.retain(policy), _DAY_S),
    )
    Scheduler(jobs, turn=Path(turn) if turn else None).start()
