"""What PostgreSQL knows of the tables before it plans on them."""

from __future__ import annotations

import logging

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

_log = logging.getLogger(__name__)

#: The tables whose rows are looked up one by one while a batch is stored.
_TABLES = "obs_events, obs_span_links, obs_runs"


class Statistics:
    """Sees to it that tables with rows have been analyzed once.

    Of a table without statistics the planner takes every index that begins with the owner for as
    good as the one that holds the key, and reads all of the owner's rows for each of a thousand
    keys. The server would analyze it within a minute or so; by then it may hold a million rows.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._are_there = engine.dialect.name != "postgresql"

    def gather(self) -> None:
        """Analyze the tables that batches look into, unless that was done before."""
        if self._are_there:
            return
        try:
            with self._engine.connect() as connection:
                known_rows = connection.exec_driver_sql(
                    "SELECT reltuples FROM pg_class WHERE oid = 'obs_events'::regclass"
                ).scalar()
                if known_rows is None or known_rows < 1:
                    connection.exec_driver_sql(f"ANALYZE {_TABLES}")
        except SQLAlchemyError as error:
            # What was stored is stored; the next batch tries again.
            _log.info("the tables were not analyzed: %s", error)
        else:
            self._are_there = True
