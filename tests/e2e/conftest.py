"""One real server per kind of database and test process; each test has an owner of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from uuid import uuid4

import pytest
from sqlalchemy import Engine

from backend import db
from backend.auth.keys import SCOPES, create_key
from tests.conftest import DATABASES
from tests.databases import PostgresqlDatabases, SqliteDatabases, new_owner
from tests.e2e.server import Client, ServerProcess
from tests.e2e.workspace import Workspace

NewWorkspace = Callable[[], Workspace]


@dataclass(frozen=True, slots=True)
class SharedServer:
    """A running server and a way to its database beside it."""

    process: ServerProcess
    engine: Engine

    def workspace(self) -> Workspace:
        """Return a new owner's workspace."""
        owner_id = new_owner(self.engine, f"{uuid4().hex}@example.com")
        key, _ = create_key(self.engine, owner_id, name="test", scopes=SCOPES)
        return Workspace(self.process, Client(self.process.base_url, key), key)


@pytest.fixture(scope="session", params=DATABASES)
def shared_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SharedServer]:
    databases: SqliteDatabases | PostgresqlDatabases = request.getfixturevalue(
        f"{request.param}_databases"
    )
    log_file = tmp_path_factory.mktemp("server") / "server.log"
    with databases.migrated() as url, ServerProcess(url, log_file=log_file) as process:
        engine = db.engine_for(url)
        yield SharedServer(process, engine)
        engine.dispose()


@pytest.fixture
def new_workspace(shared_server: SharedServer) -> Iterator[NewWorkspace]:
    """Make fresh, empty workspaces on the running server."""
    with ExitStack() as stack:

        def make() -> Workspace:
            workspace = shared_server.workspace()
            stack.enter_context(workspace.client)
            return workspace

        yield make


@pytest.fixture
def workspace(new_workspace: NewWorkspace) -> Workspace:
    """A fresh, empty workspace."""
    return new_workspace()
