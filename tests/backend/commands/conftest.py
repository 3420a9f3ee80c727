"""The commands, run in this process on a real database of each kind."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine

from backend.cli import cli
from backend.store import EventStore

Run = Callable[..., Result]


@pytest.fixture
def run(database_url: str, owner_id: int, engine: Engine) -> Run:
    """Run a command for the only account, whose days are New York's."""
    EventStore(engine).set_timezone(owner_id, "America/New_York")

    def with_words(*words: str) -> Result:
        return CliRunner().invoke(
            cli, words, env={"DATABASE_URL": database_url}, prog_name="otel-bridge"
        )

    return with_words
