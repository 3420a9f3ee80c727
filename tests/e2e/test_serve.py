"""The server as a process: it starts, refuses and stops as a person expects."""

from __future__ import annotations

import signal
import socket
from pathlib import Path

import pytest

from tests.e2e.server import Client, ServerProcess, free_port, run_command

pytestmark = pytest.mark.e2e


def _sqlite(folder: Path) -> str:
    return f"sqlite:///{folder / 'test.db'}"


def test_it_makes_its_embedded_database_and_is_ready(tmp_path: Path) -> None:
    log_file = tmp_path / "log"
    with (
        ServerProcess(_sqlite(tmp_path), log_file=log_file) as server,
        Client(server.base_url) as client,
    ):
        assert client.get("/healthz").status == 200
        assert client.get("/readyz").status == 200


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    log_file = tmp_path / "log"
    server = ServerProcess(_sqlite(tmp_path), log_file=log_file)
    server.start()
    assert server.stop(number) == 0
    assert "Traceback" not in log_file.read_text()


def test_a_busy_port_is_one_clear_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run_command("serve", "--port", str(port), database_url=_sqlite(tmp_path))
    assert done.returncode != 0
    assert str(port) in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_database_that_cannot_be_made_is_one_clear_line(tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.touch()
    done = run_command(
        "serve", "--port", str(free_port()), database_url=f"sqlite:///{blocker}/test.db"
    )
    assert done.returncode != 0
    assert len(done.stderr.strip().splitlines()) == 1


def test_keys_made_by_the_command_work_at_once_and_only_for_their_scope(tmp_path: Path) -> None:
    url = _sqlite(tmp_path)
    with ServerProcess(url, log_file=tmp_path / "log") as server:
        made = run_command(
            "user",
            "create",
            "a@example.com",
            "--password-stdin",
            database_url=url,
            stdin="secret 12",
        )
        assert made.returncode == 0, made.stderr
        key = run_command(
            "key", "create", "--user", "a@example.com", "--name", "agents", database_url=url
        ).stdout.removesuffix("\n")
        with Client(server.base_url, key) as client:
            sent = client.post_json("/api/obs/ingest/events", {"event_type": "metric"})
            assert (sent.status, client.get("/api/obs/events").status) == (200, 403)
