"""`otel-bridge demo` as a person runs it: real processes, real sockets, true numbers."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from backend.demo.model_server import ModelServer
from tests.e2e.server import command, environment, free_port

pytestmark = pytest.mark.e2e

#: What the script of the demo's round says: 7 model calls that are answered, one that fails.
_SERVED = ("8", "6,049", "1,009")


def _environment(folder: Path, **more: str) -> dict[str, str]:
    return environment(f"sqlite:///{folder}/not-this-one.db", OBS_DEMO_DIR=str(folder), **more)


def _demo(folder: Path, *options: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command("demo", *options),
        env=_environment(folder, **env),
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
        cwd=folder if folder.is_dir() else None,
    )


@pytest.fixture(scope="module")
def one_round(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    """The demo's only round, run once for all tests that read what it printed."""
    return _demo(tmp_path_factory.mktemp("demo"), "--port", str(free_port()), "--once")


def _row(output: str, name: str) -> list[str]:
    """Return the cells of the last row of that name: tables come after the lines of progress."""
    line = [line for line in output.splitlines() if line.strip().startswith(f"{name} ")][-1]
    return re.split(r"\s{2,}", line.strip())[1:]


def test_one_round_ends_well(one_round: subprocess.CompletedProcess[str]) -> None:
    assert (one_round.returncode, one_round.stderr) == (0, "")


def test_it_tells_each_agents_numbers(one_round: subprocess.CompletedProcess[str]) -> None:
    # runs, failed, LLM calls, tool calls, tokens in, tokens out, cost, errors
    travel = _row(one_round.stdout, "travel-agent")
    support = _row(one_round.stdout, "support-agent")
    assert travel[:6] == ["2", "0", "4", "3", "1,802", "208"]
    assert support[:6] == ["3", "1", "4", "1", "4,247", "801"]
    assert (travel[7], support[7]) == ("1", "2")


def test_the_cost_is_that_of_the_price_list(one_round: subprocess.CompletedProcess[str]) -> None:
    # gpt-4o-mini: 0.15 and 0.60 USD per million tokens.
    assert _row(one_round.stdout, "travel-agent")[6] == "$0.000395"
    # gpt-4o: 2.50, cached 1.25, and 10.00; o4-mini: 1.10 and 4.40 USD per million tokens.
    assert _row(one_round.stdout, "support-agent")[6] == "$0.011567"


def test_the_numbers_are_what_the_model_server_served(
    one_round: subprocess.CompletedProcess[str],
) -> None:
    assert "matches what the model server served: yes" in one_round.stdout
    assert tuple(_row(one_round.stdout, "model server")) == _SERVED
    assert tuple(_row(one_round.stdout, "otel-bridge")) == _SERVED


def test_it_says_where_to_look_next(one_round: subprocess.CompletedProcess[str]) -> None:
    assert "otel-bridge serve --port" in one_round.stdout
    assert re.search(r"login +demo@example.com +password \S{8,}", one_round.stdout)
    assert re.search(r"export KEY=obsk_[0-9a-f]{48}$", one_round.stdout, re.MULTILINE)
    assert 'curl -s -H "Authorization: Bearer $KEY" http' in one_round.stdout


def test_a_second_start_in_the_same_folder_counts_from_zero(tmp_path: Path) -> None:
    port = str(free_port())
    for _ in range(2):
        done = _demo(tmp_path, "--port", port, "--once")
        assert done.returncode == 0, done.stderr
        assert tuple(_row(done.stdout, "otel-bridge")) == _SERVED


def test_a_busy_port_is_one_clear_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = _demo(tmp_path, "--port", str(port), "--once")
    assert _is_one_clear_line(done)
    assert f"port {port} " in done.stderr


def test_a_folder_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    # Below a regular file not even root can make a folder.
    file = tmp_path / "file"
    file.touch()
    done = _demo(file / "demo", "--port", str(free_port()), "--once")
    assert _is_one_clear_line(done)
    assert str(file) in done.stderr


def test_a_model_server_without_a_key_is_one_clear_line(tmp_path: Path) -> None:
    done = _demo(
        tmp_path, "--port", str(free_port()), "--once", OPENAI_BASE_URL="http://127.0.0.1:1/v1"
    )
    assert _is_one_clear_line(done)
    assert "OPENAI_API_KEY" in done.stderr


def test_with_address_and_key_the_agents_talk_to_that_model_server(tmp_path: Path) -> None:
    with ModelServer() as theirs:
        done = _demo(
            tmp_path,
            "--port",
            str(free_port()),
            "--once",
            OPENAI_BASE_URL=theirs.base_url,
            OPENAI_API_KEY="sk-mine",
            OPENAI_MODEL="qwen3",
        )
        models = {call.model for call in theirs.calls()}
    assert (done.returncode, done.stderr) == (0, "")
    assert models == {"qwen3"}
    assert _row(done.stdout, "total")[:6] == ["5", "1", "8", "4", "6,049", "1,009"]
    assert "unknown" in _row(done.stdout, "total")
    assert "compare these numbers" in done.stdout


def _is_one_clear_line(done: subprocess.CompletedProcess[str]) -> bool:
    return done.returncode != 0 and len(done.stderr.splitlines()) == 1 and done.stdout == ""


@pytest.fixture
def endless_demo(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A demo that goes on, in a process group of its own, as a terminal starts it."""
    process = subprocess.Popen(
        command("demo", "--port", str(free_port())),
        env=_environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        cwd=tmp_path,
    )
    watchdog = threading.Timer(60, process.kill)
    watchdog.start()
    with process:
        yield process
        process.kill()
    watchdog.cancel()


def _read_until(process: subprocess.Popen[str], text: str) -> str:
    """Return the first line of output that holds `text`."""
    assert process.stdout is not None
    return next(line for line in process.stdout if text in line)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_stops_everything_quietly(
    endless_demo: subprocess.Popen[str], number: signal.Signals
) -> None:
    _read_until(endless_demo, "Ctrl-C stops everything")
    family = psutil.Process(endless_demo.pid).children(recursive=True)
    os.killpg(endless_demo.pid, number)
    rest, errors = endless_demo.communicate()
    assert (endless_demo.returncode, errors) == (0, "")
    assert rest.endswith("stopped\n")
    assert family
    assert not any(child.is_running() for child in family)


def test_ctrl_c_while_it_starts_stops_everything_quietly(
    endless_demo: subprocess.Popen[str],
) -> None:
    line = _read_until(endless_demo, "starting the backend")
    os.killpg(endless_demo.pid, signal.SIGINT)
    rest, errors = endless_demo.communicate()
    assert (endless_demo.returncode, errors) == (0, "")
    assert rest.endswith("stopped\n")
    port = re.search(r"127\.0\.0\.1:(\d+)", line)
    assert port
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(port[1])))
