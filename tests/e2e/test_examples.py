"""The examples do what their page says."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.demo.endpoint import scripted_client
from backend.demo.script import REFUND_POLICY
from tests.e2e.server import environment
from tests.e2e.workspace import Workspace

pytestmark = pytest.mark.e2e

_EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def scripted_server() -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, str(_EXAMPLES / "scripted_openai" / "server.py"), "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment("", PYTHONPATH=str(_EXAMPLES.parent)),
    )
    with process:
        yield process
        process.kill()


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip().removeprefix("OPENAI_BASE_URL=")


def test_the_scripted_server_runs_alone_and_tells_what_it_served(
    scripted_server: subprocess.Popen[str],
) -> None:
    with scripted_client(_address(scripted_server)) as client:
        client.chat.completions.create(
            model="gpt-4o", messages=[{"role": "user", "content": REFUND_POLICY}]
        )
    scripted_server.send_signal(signal.SIGINT)
    told, errors = scripted_server.communicate(timeout=10)
    assert told == "gpt-4o: HTTP 200, whole, 1502 in, 24 out\n"
    assert (scripted_server.returncode, errors) == (0, "")


def test_the_agent_of_the_example_is_seen_by_the_server(
    scripted_server: subprocess.Popen[str], workspace: Workspace
) -> None:
    done = subprocess.run(
        [sys.executable, str(_EXAMPLES / "agent.py")],
        env=environment(
            "",
            PYTHONPATH=str(_EXAMPLES.parent),
            OBS_ENDPOINT=workspace.server.base_url,
            OBS_API_KEY=workspace.key,
            OPENAI_BASE_URL=_address(scripted_server),
            OPENAI_API_KEY="scripted",
        ),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "Lisbon" in done.stdout
    told = workspace.totals()["travel-agent"]
    assert (told["total_runs"], told["total_tool_calls"]) == (1, 2)
    assert (told["total_tokens_in"], told["total_tokens_out"]) == (957, 154)
