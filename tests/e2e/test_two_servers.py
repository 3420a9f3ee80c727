"""Two server processes on one database that get halves of the same traces at the same time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.e2e.conftest import NewWorkspace, SharedServer
from tests.e2e.server import Client, ServerProcess
from tests.e2e.workspace import Workspace
from tests.truth.arrivals import Request, halves, joined
from tests.truth.captures import FOLDER, Capture, captures_in

pytestmark = pytest.mark.e2e

CAPTURES = captures_in(FOLDER)
#: Captures that share a workspace, so that many requests wait for one owner's turn.
GROUPS = [CAPTURES[start::4] for start in range(4)]


@pytest.fixture(scope="module")
def second_server(
    shared_server: SharedServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServerProcess]:
    """Another process on the database of the shared server."""
    log_file = tmp_path_factory.mktemp("second") / "server.log"
    with ServerProcess(shared_server.process.database_url, log_file=log_file) as process:
        yield process


@pytest.mark.parametrize("captures", GROUPS, ids="abcd")
def test_two_servers_that_share_the_spans_of_a_trace_answer_like_one_that_got_all(
    captures: list[Capture], second_server: ServerProcess, new_workspace: NewWorkspace
) -> None:
    whole, shared = new_workspace(), new_workspace()
    everything = joined(capture.request for capture in captures)
    whole.send_otlp(everything.SerializeToString())
    with Client(second_server.base_url, shared.key) as client:
        second = Workspace(second_server, client, shared.key)
        _send_at_once((shared, second), halves(everything))
        assert second.totals() == whole.totals()
    assert shared.events_by_key() == whole.events_by_key()
    assert _runs_of(shared) == _runs_of(whole)


def _send_at_once(workspaces: Sequence[Workspace], lanes: Sequence[Sequence[Request]]) -> None:
    with ThreadPoolExecutor(len(workspaces)) as clients:
        sent = [
            clients.submit(_send, workspace, lane)
            for workspace, lane in zip(workspaces, lanes, strict=True)
        ]
        for done in sent:
            done.result()


def _send(workspace: Workspace, requests: Sequence[Request]) -> None:
    for request in requests:
        workspace.send_otlp(request.SerializeToString())


def _runs_of(workspace: Workspace) -> list[dict[str, object]]:
    """Return the runs, newest first, with the agent's name in the place of its id."""
    names = workspace.agent_names()
    page = workspace.client.get("/api/obs/runs", {"limit": 200}).body
    assert page["next_cursor"] is None
    return [run | {"agent_id": names.get(run["agent_id"])} for run in page["runs"]]
