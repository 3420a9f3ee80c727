"""Two servers of one database that get the same events at once, in batches cut differently."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.crash import Site, site
from tests.e2e.delivery import Delivery, Lane, cut, events_of_today
from tests.e2e.server import ServerProcess

pytestmark = pytest.mark.e2e

_CLIENTS = 8


@pytest.fixture
def first(database_url: str, tmp_path: Path) -> Iterator[Site]:
    with site(database_url, tmp_path) as made:
        yield made


@pytest.fixture
def second(first: Site, tmp_path: Path) -> Iterator[ServerProcess]:
    """Another server process on the first one's database."""
    log_file = tmp_path / "second.log"
    with ServerProcess(first.server.database_url, log_file=log_file) as process:
        yield process


def test_events_that_eight_clients_send_to_two_servers_at_once_are_stored_and_counted_once(
    first: Site, second: ServerProcess
) -> None:
    events = events_of_today(2000, seed=4)
    lanes = []
    for number in range(_CLIENTS):
        batches = cut(events, 60 + 10 * number)
        random.Random(number).shuffle(batches)
        lanes.append(Lane((first.server, second)[number % 2].base_url, batches))
    with Delivery(lanes, first.key) as delivery:
        pass
    assert first.mistakes(delivery) == []
    assert _deadlocks(first) == 0


def _deadlocks(site: Site) -> int:
    if site.engine.dialect.name == "sqlite":
        return 0
    with site.engine.connect() as connection:
        found = connection.exec_driver_sql(
            "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        )
        return int(found.scalar_one())
