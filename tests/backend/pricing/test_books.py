"""Owners' prices, and the shared list, as the database keeps them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from sqlalchemy import Engine, func, insert, select

from backend.db import for_writing
from backend.models import LlmPrice
from backend.pricing.books import PriceBooks
from backend.pricing.seeding import write_shared_list
from otel_bridge.facts import Usage
from otel_bridge.pricing import price_list
from tests.databases import new_owner

USAGE = Usage(1_000_000, 0)
NOW = datetime(2026, 6, 1, tzinfo=UTC)


class Clock:
    """A clock that a test moves."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def set_price(engine: Engine, owner_id: int, usd: str) -> None:
    with for_writing(engine).begin() as connection:
        connection.execute(
            insert(LlmPrice).values(
                user_id=owner_id,
                provider="mine",
                model="m",
                input_cost_per_mtok=Decimal(usd),
                output_cost_per_mtok=Decimal(0),
                effective_from_us=1,
                source="owner",
                created_us=0,
            )
        )


def cost(books: PriceBooks, owner_id: int) -> Decimal | None:
    quote = books.of(owner_id).quote("mine", "m", USAGE, at=NOW)
    return None if quote is None else quote.cost_usd


def test_a_changed_price_holds_after_the_cache_time(engine: Engine, owner_id: int):
    clock = Clock()
    books = PriceBooks(engine, max_age_s=3, clock=clock)
    assert cost(books, owner_id) is None
    set_price(engine, owner_id, "1.5")
    assert cost(books, owner_id) is None
    clock.now_s = 3
    assert cost(books, owner_id) == Decimal("1.5")


def test_owners_do_not_pay_each_others_prices(engine: Engine, owner_id: int):
    other = new_owner(engine, "other@example.com")
    set_price(engine, other, "1.5")
    books = PriceBooks(engine)
    assert cost(books, owner_id) is None
    assert cost(books, other) == Decimal("1.5")


@pytest.mark.parametrize("times", [1, 2])
def test_seeding_writes_the_list_once_however_often(engine: Engine, owner_id: int, times: int):
    set_price(engine, owner_id, "1")
    for _ in range(times):
        assert write_shared_list(engine) == len(price_list())
    with engine.connect() as connection:
        count = connection.scalar(select(func.count()).select_from(LlmPrice))
    assert count == len(price_list()) + 1
