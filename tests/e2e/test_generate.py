"""`otel-bridge generate-events`, stopped half-way: what is written is sound."""

from __future__ import annotations

import re
import signal
import subprocess

import pytest

from backend.store import EventStore
from tests.e2e.books import all_sums, events_counted
from tests.e2e.server import command, environment

pytestmark = pytest.mark.e2e


def test_a_history_that_is_stopped_says_how_much_was_written_and_all_of_that_is_counted(
    database_url: str, store: EventStore, owner_id: int
) -> None:
    with subprocess.Popen(
        command("generate-events", "--hours", "720", "--events", "10000000", "--agents", "20"),
        env=environment(database_url),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        first = process.stderr.readline()
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=30)
    assert first.startswith("writing history: 0%, ")
    assert process.returncode == 130
    told = re.match(r"stopped: ([\d,]+) events in \d+ s are written", said)
    assert told is not None, said
    sums = all_sums(store, owner_id)
    assert events_counted(sums) == int(told[1].replace(",", ""))
    store.rebuild(owner_id)
    assert all_sums(store, owner_id) == sums
