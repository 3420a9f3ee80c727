"""Whatever is killed while clients send: what was acknowledged is there, once, and counted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.crash import Ordeal, Site, endure, restart, site
from tests.e2e.delivery import PATH, cut, events_of_today
from tests.e2e.own_postgresql import OwnPostgresql, own_postgresql
from tests.e2e.server import Client

pytestmark = pytest.mark.e2e

ORDEAL = Ordeal(events=10_000, kills=3, size=200)


@pytest.fixture
def own_site(database_url: str, tmp_path: Path) -> Iterator[Site]:
    """A server that no other test uses, and that may be killed."""
    with site(database_url, tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def postgresql() -> Iterator[OwnPostgresql]:
    with own_postgresql() as server:
        yield server
        server.databases.close()


@pytest.fixture
def mortal_site(postgresql: OwnPostgresql, tmp_path: Path) -> Iterator[Site]:
    """A server on a PostgreSQL that may be killed."""
    with postgresql.databases.migrated() as url, site(url, tmp_path) as made:
        yield made
        made.engine.dispose()


def test_a_server_killed_again_and_again_loses_nothing_and_counts_nothing_twice(
    own_site: Site,
) -> None:
    outcome = endure(own_site, ORDEAL, lambda: restart(own_site.server))
    assert outcome.mistakes == []
    assert outcome.setbacks["no answer"] > 0


def test_a_postgresql_killed_again_and_again_loses_nothing_and_counts_nothing_twice(
    mortal_site: Site, postgresql: OwnPostgresql
) -> None:
    outcome = endure(mortal_site, ORDEAL, postgresql.restart)
    assert outcome.mistakes == []


def test_while_postgresql_is_away_every_answer_says_when_to_come_back(
    mortal_site: Site, postgresql: OwnPostgresql
) -> None:
    body = cut(events_of_today(200, seed=2), 200)[0]
    with Client(mortal_site.server.base_url, mortal_site.key) as client:
        assert client.post(PATH, body.data).body["accepted"] == len(body.keys)
        postgresql.kill()
        away = client.post(PATH, body.data), client.get("/api/obs/metrics/overview")
        postgresql.start()
        again = client.post(PATH, body.data)
    assert [answer.status for answer in away] == [503, 503]
    assert all(1 <= int(answer.headers["Retry-After"]) <= 3 for answer in away)
    assert again.body["duplicates"] == len(body.keys)
