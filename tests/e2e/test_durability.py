"""200 means committed: what was answered survives a killed server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from backend import db
from backend.auth.keys import SCOPES, create_key
from tests.databases import new_owner
from tests.e2e.server import Client, ServerProcess
from tests.e2e.workspace import Workspace
from tests.truth.captures import Capture

pytestmark = pytest.mark.e2e


@pytest.fixture
def own_workspace(database_url: str, tmp_path: Path) -> Iterator[Workspace]:
    """A workspace on a server that no other test uses, and that may be killed."""
    engine = db.engine_for(database_url)
    key, _ = create_key(engine, new_owner(engine), name="test", scopes=SCOPES)
    engine.dispose()
    server = ServerProcess(database_url, log_file=tmp_path / "server.log")
    server.start()
    with Client(server.base_url, key) as client:
        yield Workspace(server, client, key)
    server.kill()


def _kill_and_start(workspace: Workspace) -> None:
    workspace.server.kill()
    workspace.client.close()
    workspace.server.start()


def test_an_event_survives_a_server_killed_right_after_its_answer(
    own_workspace: Workspace,
) -> None:
    sent = [{"event_type": "metric", "dedupe_key": f"{uuid4()}"} for _ in range(100)]
    answer = own_workspace.client.post_json("/api/obs/ingest/events", {"events": sent})
    _kill_and_start(own_workspace)
    assert answer.body["accepted"] == len(sent)
    kept = {event["dedupe_key"] for event in own_workspace.events()}
    assert kept == {event["dedupe_key"] for event in sent}


def test_spans_and_their_sums_survive_a_server_killed_right_after_its_answer(
    own_workspace: Workspace,
) -> None:
    capture = Capture.named("pydantic_ai_default")
    own_workspace.send_otlp(capture.body)
    _kill_and_start(own_workspace)
    total = own_workspace.total()
    assert total["total_events"] == len(own_workspace.events())
    assert total["total_tokens_in"] in capture.truth.tokens_in


def test_a_client_that_heard_no_answer_sends_again_and_nothing_counts_twice(
    own_workspace: Workspace,
) -> None:
    body = Capture.named("openinference-openai").body
    own_workspace.send_otlp(body)
    before = own_workspace.events(), own_workspace.totals()
    _kill_and_start(own_workspace)
    own_workspace.send_otlp(body)
    assert (own_workspace.events(), own_workspace.totals()) == before
