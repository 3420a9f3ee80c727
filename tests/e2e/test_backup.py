"""A backup beside a running server under load."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from backend import db
from backend.auth.keys import SCOPES, create_key
from backend.store.audit import audit
from tests.databases import SqliteDatabases, new_owner
from tests.e2e.server import Client, ServerProcess, run_command

pytestmark = pytest.mark.e2e

BATCH = 200


@pytest.fixture
def url(sqlite_databases: SqliteDatabases) -> Iterator[str]:
    with sqlite_databases.migrated() as url:
        yield url


@pytest.fixture
def client(url: str, tmp_path: Path) -> Iterator[Client]:
    engine = db.engine_for(url)
    key, _ = create_key(engine, new_owner(engine), name="test", scopes=SCOPES)
    engine.dispose()
    with (
        ServerProcess(url, log_file=tmp_path / "server.log") as server,
        Client(server.base_url, key) as client,
    ):
        yield client


class Load(threading.Thread):
    """Sends batches until it is told to stop; keeps the status of each answer."""

    def __init__(self, client: Client) -> None:
        super().__init__()
        self._client = client
        self.statuses: list[int] = []
        self.is_over = threading.Event()

    def run(self) -> None:
        """Send."""
        while not self.is_over.is_set():
            events = [{"event_type": "metric", "dedupe_key": str(uuid4())} for _ in range(BATCH)]
            answer = self._client.post_json("/api/obs/ingest/events", {"events": events})
            self.statuses.append(answer.status)


def test_a_backup_under_load_holds_whole_batches_with_true_sums_and_no_request_fails(
    url: str, client: Client, tmp_path: Path
) -> None:
    load = Load(client)
    load.start()
    file = tmp_path / "copy.db"
    done = [run_command("backup", str(file), "--force", database_url=url) for _ in range(3)]
    load.is_over.set()
    load.join()
    assert [one.returncode for one in done] == [0, 0, 0], done[-1].stderr
    assert set(load.statuses) == {200}
    copy = db.engine_for(f"sqlite:///{file}")
    with copy.connect() as connection:
        copied = connection.exec_driver_sql("SELECT count(*) FROM obs_events").scalar_one()
    assert copied % BATCH == 0
    assert 0 < copied <= BATCH * len(load.statuses)
    assert sum(one.wrong for one in audit(copy)) == 0
    copy.dispose()
