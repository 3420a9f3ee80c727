"""Databases for every test that asks for one: each such test runs on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from backend import db
from backend.store import EventStore
from tests.databases import PostgresqlDatabases, SqliteDatabases, new_owner, postgresql_server

DATABASES = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def sqlite_databases(tmp_path_factory: pytest.TempPathFactory) -> SqliteDatabases:
    return SqliteDatabases(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def postgresql_databases() -> Iterator[PostgresqlDatabases]:
    with postgresql_server() as url:
        databases = PostgresqlDatabases(url)
        yield databases
        databases.close()


@pytest.fixture(params=DATABASES)
def databases(request: pytest.FixtureRequest) -> SqliteDatabases | PostgresqlDatabases:
    """The source of fresh databases of one kind."""
    found: SqliteDatabases | PostgresqlDatabases = request.getfixturevalue(
        f"{request.param}_databases"
    )
    return found


@pytest.fixture
def empty_database_url(databases: SqliteDatabases | PostgresqlDatabases) -> Iterator[str]:
    """A database without tables."""
    with databases.empty() as url:
        yield url


@pytest.fixture
def database_url(databases: SqliteDatabases | PostgresqlDatabases) -> Iterator[str]:
    """A database with every table and no rows."""
    with databases.migrated() as url:
        yield url


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = db.engine_for(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def store(engine: Engine) -> EventStore:
    return EventStore(engine)


@pytest.fixture
def owner_id(engine: Engine) -> int:
    return new_owner(engine)
