"""Captured spans of real tracers, replayed by the command, give the true totals."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from backend.cli import cli
from tests.e2e.conftest import NewWorkspace
from tests.e2e.server import run_command
from tests.e2e.workspace import Workspace
from tests.truth.arrivals import shuffled
from tests.truth.captures import PROVEN, Capture

pytestmark = pytest.mark.e2e

every_capture = pytest.mark.parametrize("name", PROVEN)


#: Where the outermost span is a workflow around the agent, the run is the workflow's.
_WORKFLOW_AROUND = {("traceloop-openai", "weather_agent"): "weather_workflow"}


def _arguments(workspace: Workspace, name: str) -> list[str]:
    address = workspace.server.base_url
    return ["replay", str(Capture.named(name).file), "--endpoint", address, "--key", workspace.key]


def _replay(workspace: Workspace, name: str, *options: str) -> None:
    """Run the command in this process, which saves a second each time; the server is real."""
    done = CliRunner().invoke(cli, [*_arguments(workspace, name), *options])
    assert done.exit_code == 0, done.output


@every_capture
def test_a_replay_gives_the_tokens_that_the_model_server_served(
    name: str, workspace: Workspace
) -> None:
    _replay(workspace, name)
    total, truth = workspace.total(), Capture.named(name).truth
    assert total["total_tokens_in"] in truth.tokens_in
    assert total["total_tokens_out"] in truth.tokens_out
    assert total["llm_calls"] in truth.calls


@every_capture
def test_a_second_replay_changes_nothing(name: str, workspace: Workspace) -> None:
    _replay(workspace, name, "--keep-times")
    first = workspace.events(), workspace.totals()
    _replay(workspace, name, "--keep-times")
    assert (workspace.events(), workspace.totals()) == first


@every_capture
def test_one_span_per_request_in_any_order_changes_no_total(
    name: str, new_workspace: NewWorkspace
) -> None:
    capture = Capture.named(name)
    whole, one_by_one = new_workspace(), new_workspace()
    whole.send_otlp(capture.body)
    for request in shuffled(capture.request):
        one_by_one.send_otlp(request.SerializeToString())
    assert one_by_one.totals() == whole.totals()


@every_capture
def test_tools_and_runs_are_those_that_happened(name: str, workspace: Workspace) -> None:
    capture = Capture.named(name)
    workspace.send_otlp(capture.body)
    total, truth = workspace.total(), capture.truth
    assert (total["total_tool_calls"], total["tool_errors"]) == truth.tools
    agents = workspace.totals()
    for agent, runs in truth.runs.items():
        told = agents[_WORKFLOW_AROUND.get((name, agent), agent)]
        assert (told["total_runs"], told["failed_runs"]) == runs


def test_the_command_replays_in_a_process_of_its_own(workspace: Workspace) -> None:
    name = "pydantic_ai_1.0_v2"
    done = run_command(*_arguments(workspace, name), database_url=workspace.server.database_url)
    assert done.returncode == 0, done.stderr
    assert workspace.total()["total_tokens_in"] in Capture.named(name).truth.tokens_in
