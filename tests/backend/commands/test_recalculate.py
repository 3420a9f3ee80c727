"""`otel-bridge recalculate` and `otel-bridge unpriced`."""

from __future__ import annotations

import re

import pytest

from backend.store import EventStore
from tests.backend.commands.conftest import Run
from tests.backend.store.makers import NOW_US, SECOND_US, total
from tests.backend.store.pricing import call

DAY_US = 24 * 60 * 60 * SECOND_US
DAYS = ("--from", "2026-02-28", "--to", "2026-03-01")


@pytest.fixture
def calls(store: EventStore, owner_id: int) -> None:
    """A call at 02:07 UTC, which is the day before in New York, two at noon, and one later on."""
    hours = (-10, 0, 0, 24)
    store.append(owner_id, [call(created_at_us=NOW_US + hour * 3600 * SECOND_US) for hour in hours])


@pytest.fixture
def price(run: Run) -> None:
    """Two dollars for a million tokens in."""
    done = run(
        *("price", "set", "--provider", "acme", "--model", "m1", "--input", "2", "--output", "0")
    )
    assert done.exit_code == 0, done.output


PREVIEW = """\
day         provider  model  calls  newly priced  no longer  before USD  after USD  change USD
2026-02-28  acme      m1         1             1          0        0.00     0.0002      0.0002
2026-03-01  acme      m1         2             2          0        0.00     0.0004      0.0004
total                            3             3          0        0.00     0.0006      0.0006
"""


@pytest.mark.usefixtures("calls", "price")
def test_a_preview_tells_the_difference_by_day_and_model_and_writes_nothing(
    run: Run, store: EventStore, owner_id: int
):
    done = run("recalculate", *DAYS)
    assert done.stdout == PREVIEW
    assert "--apply" in done.stderr
    assert total(store, owner_id).sums.cost_nusd == 0


@pytest.mark.usefixtures("calls", "price")
def test_what_is_applied_can_be_undone(run: Run, store: EventStore, owner_id: int):
    done = run("recalculate", *DAYS, "--apply")
    assert done.stdout == PREVIEW + "recalculation 1 is done; --undo 1 takes it back\n"
    assert total(store, owner_id).sums.cost_nusd == 600_000
    assert re.search(r"1  2026-02-28  2026-03-01  done ", run("recalculate", "--list").stdout)
    undone = run("recalculate", "--undo", "1")
    assert undone.stdout == "recalculation 1 is undone; events restored: 3\n"
    assert total(store, owner_id).sums.unpriced_calls == 4
    assert " undone " in run("recalculate", "--list").stdout


@pytest.mark.usefixtures("calls", "price")
def test_an_undo_says_what_it_left_alone(run: Run, store: EventStore, owner_id: int):
    run("recalculate", *DAYS, "--apply")
    run("price", "remove", "1")
    run("recalculate", "--from", "2026-02-28", "--to", "2026-02-28", "--apply")
    undone = run("recalculate", "--undo", "1").stdout
    assert "events restored: 2\n" in undone
    assert "have changed since or are gone: 1\n" in undone
    assert total(store, owner_id).sums.unpriced_calls == 4


@pytest.mark.usefixtures("calls")
def test_nothing_to_change_is_said(run: Run):
    assert run("recalculate", *DAYS).output == "no call costs anything else by the prices of now\n"
    assert run("recalculate", "--list").stdout.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "give --from with --to"),
        (("--from", "2026-01-01"), "give --from with --to"),
        ((*DAYS, "--list"), "or one of"),
        (("--list", "--apply"), "belong together"),
        (("--list", "--to", "2026-01-01"), "belong together"),
        (("--from", "2026-03-01", "--to", "2026-02-28"), "must not be before"),
        (("--undo", "7"), "there is no recalculation 7"),
        (("--resume", "7"), "there is no recalculation 7"),
        (("--undo", str(2**63 - 1)), "there is no recalculation 9223372036854775807"),
        (("--undo", str(2**63)), "not in the range"),
        (("--resume", str(2**63)), "not in the range"),
        (("--from", "2026-01-01", "--to", "9999-12-31"), "not a day"),
    ],
)
def test_what_cannot_be_done_is_one_clear_line(run: Run, words: tuple[str, ...], said: str):
    done = run("recalculate", *words)
    assert done.exit_code != 0
    assert said in done.output


@pytest.mark.usefixtures("calls", "price")
def test_what_is_done_is_not_resumed(run: Run):
    run("recalculate", *DAYS, "--apply")
    done = run("recalculate", "--resume", "1")
    assert done.exit_code == 1
    assert "recalculation 1 is done already" in done.output


@pytest.mark.usefixtures("calls")
def test_calls_without_a_price_are_listed(run: Run, store: EventStore, owner_id: int):
    store.append(owner_id, [call(model="m2")])
    assert run("unpriced").stdout.splitlines() == [
        "provider  model  calls  tokens in  tokens out",
        "acme      m1         4        400          80",
        "acme      m2         1        100          20",
        "total                5        500         100",
    ]
    last = run("unpriced", "--from", "2026-03-02").stdout
    assert "total                1        100          20" in last
    assert run("unpriced", "--to", "2026-02-27").output == "every call has a price\n"
