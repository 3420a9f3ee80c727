"""`otel-bridge price`."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from backend.pricing.owner_prices import prices_of
from otel_bridge.pricing import Price
from tests.backend.commands.conftest import Run
from tests.databases import new_owner

SET = ("price", "set", "--provider", "OpenAI", "--model", "gpt-x", "--input", "2.50")
PRICE = (*SET, "--output", "10")


def test_a_price_is_set_from_a_day_of_the_owner_s(run: Run, engine: Engine, owner_id: int):
    done = run(*PRICE, "--cache-read", "0", "--reasoning", "12", "--from", "2026-05-01")
    assert done.exit_code == 0, done.output
    (own,) = prices_of(engine, owner_id)
    assert own.price == Price(
        "openai",
        "gpt-x",
        Decimal("2.50"),
        Decimal(10),
        cache_read_cost_per_mtok=Decimal(0),
        reasoning_cost_per_mtok=Decimal(12),
        effective_from=datetime(2026, 5, 1, 4, tzinfo=UTC),
    )
    assert run("price", "list").stdout.splitlines() == [
        "id  provider  model  from        until  input  output  parts",
        " 1  openai    gpt-x  2026-05-01  -       2.50   10.00  cache-read 0, reasoning 12",
    ]


def test_a_price_is_removed_once(run: Run, engine: Engine, owner_id: int):
    run(*PRICE)
    assert run("price", "remove", "1").output == "price 1 is removed\n"
    assert prices_of(engine, owner_id) == []
    again = run("price", "remove", "1")
    assert again.exit_code == 1
    assert "there is no price 1" in again.output


def test_an_id_that_no_database_holds_is_one_clear_line(run: Run):
    done = run("price", "remove", str(2**63))
    assert done.exit_code == 2
    assert "not in the range" in done.output


def test_a_provider_that_the_list_does_not_know_is_asked_about(run: Run):
    assert "spelled" not in run(*PRICE).stderr
    assert "opanai is not in the price list" in run(*PRICE, "--provider", "opanai").stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (SET, "Missing option '--output'"),
        ((*PRICE, "--input", "two"), "not an amount"),
        ((*PRICE, "--input", "-1"), "between 0 and"),
        ((*PRICE, "--from", "yesterday"), "not a day"),
        ((*PRICE, "--from", "2026-02-30"), "not a day"),
        ((*PRICE, "--from", "9999-12-31"), "not a day"),
        ((*PRICE, "--provider", "langchain", "--model", "m"), "names no provider"),
        ((*PRICE, "--user", "nobody@example.com"), "there is no user"),
        ((*PRICE, "--user", "\udcff@example.com"), "there is no user"),
    ],
)
def test_what_cannot_be_set_is_refused(
    run: Run, engine: Engine, owner_id: int, words: tuple[str, ...], said: str
):
    done = run(*words)
    assert done.exit_code != 0
    assert said in done.output
    assert prices_of(engine, owner_id) == []


def test_of_several_accounts_one_has_to_be_named(run: Run, engine: Engine, owner_id: int):
    other = new_owner(engine, "other@example.com")
    assert "--user EMAIL" in run(*PRICE).output
    assert run(*PRICE, "--user", "Other@example.com").exit_code == 0
    assert prices_of(engine, owner_id) == []
    assert len(prices_of(engine, other)) == 1
