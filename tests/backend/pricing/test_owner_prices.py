"""Prices that an owner sets, lists and removes."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine

from backend.pricing.books import PriceBooks
from backend.pricing.owner_prices import PriceError, prices_of, remove_price, set_price
from otel_bridge.facts import Usage
from otel_bridge.pricing import Price
from tests.databases import new_owner

PRICE = Price("acme", "m", Decimal(2), Decimal(8))
MAY = datetime(2026, 5, 1, tzinfo=UTC)
JUNE = datetime(2026, 6, 1, tzinfo=UTC)


def cost(engine: Engine, owner_id: int, at: datetime) -> Decimal | None:
    quote = PriceBooks(engine).of(owner_id).quote("acme", "m", Usage(1_000_000, 0), at=at)
    return None if quote is None else quote.cost_usd


def test_every_part_of_a_price_is_kept_exactly(engine: Engine, owner_id: int):
    parts: dict[str, Any] = {
        item.name: Decimal(number).scaleb(-12)
        for number, item in enumerate(fields(Price), start=1)
        if "cost" in item.name
    }
    price = replace(PRICE, effective_from=MAY, effective_to=JUNE, **parts)
    kept = set_price(engine, owner_id, price=price)
    assert kept.price == price
    assert prices_of(engine, owner_id) == [kept]


def test_a_price_holds_from_its_day_until_the_next_one(engine: Engine, owner_id: int):
    set_price(engine, owner_id, price=replace(PRICE, effective_from=MAY))
    later = replace(PRICE, input_cost_per_mtok=Decimal(3), effective_from=JUNE)
    set_price(engine, owner_id, price=later)
    before = datetime(2026, 4, 30, tzinfo=UTC)
    assert [cost(engine, owner_id, at) for at in (before, MAY, JUNE)] == [None, 2, 3]


@pytest.mark.parametrize("start", [None, MAY])
def test_a_price_that_begins_at_the_same_time_is_corrected(
    engine: Engine, owner_id: int, start: datetime | None
):
    first = set_price(engine, owner_id, price=replace(PRICE, effective_from=start))
    right = replace(PRICE, model="M", input_cost_per_mtok=Decimal(1), effective_from=start)
    again = set_price(engine, owner_id, price=right)
    assert again.id == first.id
    assert prices_of(engine, owner_id) == [again]


@pytest.mark.parametrize(
    ("told", "kept"), [("OpenAI", "openai"), ("Azure OpenAI", "azure"), ("My Own", "my_own")]
)
def test_a_provider_is_kept_by_its_canonical_name(
    engine: Engine, owner_id: int, told: str, kept: str
):
    found = set_price(engine, owner_id, price=replace(PRICE, provider=told))
    assert found.price.provider == kept


@pytest.mark.parametrize(
    "wrong",
    [
        {"model": " "},
        {"model": "m" * 256},
        {"provider": "langchain"},
        {"input_cost_per_mtok": Decimal(-1)},
        {"input_cost_per_mtok": Decimal("NaN")},
        {"reasoning_cost_per_mtok": Decimal("Infinity")},
        {"output_cost_per_mtok": Decimal("1e-13")},
        {"cost_per_thousand_requests": Decimal(1_000_001)},
        {"input_cost_per_mtok": Decimal("1e-9999999")},
        {"input_cost_per_mtok": Decimal("1." + "0" * 40 + "1")},
    ],
)
def test_what_is_no_price_is_refused(engine: Engine, owner_id: int, wrong: dict[str, Any]):
    with pytest.raises(PriceError):
        set_price(engine, owner_id, price=replace(PRICE, **wrong))
    assert prices_of(engine, owner_id) == []


def test_an_owner_removes_only_own_prices(engine: Engine, owner_id: int):
    other = new_owner(engine, "other@example.com")
    kept = set_price(engine, owner_id, price=PRICE)
    assert not remove_price(engine, other, price_id=kept.id)
    assert prices_of(engine, other) == []
    assert remove_price(engine, owner_id, price_id=kept.id)
    assert not remove_price(engine, owner_id, price_id=kept.id)
    assert prices_of(engine, owner_id) == []
