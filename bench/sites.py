"""The databases on which everything is measured, and a server on one of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from backend import db
from backend.auth.keys import SCOPES, create_key
from tests.databases import PostgresqlDatabases, SqliteDatabases, new_owner
from tests.e2e.own_postgresql import OwnPostgresql, own_postgresql
from tests.e2e.server import ServerProcess


@dataclass(frozen=True, slots=True)
class Site:
    """One kind of database, with the durability that the server relies on."""

    name: str
    durability: str
    databases: SqliteDatabases | PostgresqlDatabases
    folder: Path
    #: The database's own server, where it has one.
    postgresql: OwnPostgresql | None = None

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes, beside ours, whose CPU time is the database's."""
        return () if self.postgresql is None else (self.postgresql.pid,)

    @property
    def own_pids(self) -> tuple[int, ...]:
        """This process, and those of the database."""
        return (os.getpid(), *self.pids)


@contextmanager
def sqlite_site(folder: Path) -> Iterator[Site]:
    """Yield a site of SQLite files."""
    durability = "journal_mode=WAL, synchronous=FULL"
    yield Site("SQLite", durability, SqliteDatabases(folder), folder)


@contextmanager
def postgresql_site(folder: Path) -> Iterator[Site]:
    """Yield a site on a PostgreSQL server of its own."""
    with own_postgresql() as server:
        durability = "fsync=on, synchronous_commit=on"
        yield Site("PostgreSQL", durability, server.databases, folder, server)
        server.databases.close()


SITES = {"sqlite": sqlite_site, "postgresql": postgresql_site}


@dataclass(frozen=True, slots=True)
class Running:
    """A server on a fresh database, and the key of its only owner."""

    url: str
    process: ServerProcess
    key: str
    ready_after_s: float

    def pids(self, site: Site) -> tuple[int, ...]:
        """The processes of the server and of the database."""
        return (self.process.pid, *site.pids)


@contextmanager
def running(site: Site) -> Iterator[Running]:
    """Yield a server on a fresh database of the site."""
    with site.databases.migrated() as url:
        engine = db.engine_for(url)
        key, _ = create_key(engine, new_owner(engine), name="bench", scopes=SCOPES)
        engine.dispose()
        server = ServerProcess(url, log_file=site.folder / f"{site.name}.log")
        ready_after_s = server.start()
        try:
            yield Running(url, server, key, ready_after_s)
        finally:
            server.stop()
