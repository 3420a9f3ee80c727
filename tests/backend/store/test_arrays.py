"""Columns of many rows as array literals, read by PostgreSQL itself."""

from __future__ import annotations

from backend import db
from backend.store.arrays import array_literals
from tests.databases import PostgresqlDatabases

ROWS = [
    (1, "plain", None),
    (-(2**63), 'with "quotes", {braces} and \\ backslashes', b"\x00\xff\\"),
    (2**63 - 1, "NULL", b""),
    (0, "", b"{}"),
    (7, " ein Wört\n", b'"'),
]


def test_what_is_written_as_arrays_is_read_as_rows(
    postgresql_databases: PostgresqlDatabases,
) -> None:
    query = "SELECT * FROM unnest(%s::bigint[], %s::text[], %s::bytea[])"
    with postgresql_databases.migrated() as url:
        engine = db.engine_for(url)
        with engine.connect() as connection:
            found = connection.exec_driver_sql(query, array_literals(ROWS)).all()
        engine.dispose()
    assert [tuple(row) for row in found] == ROWS
