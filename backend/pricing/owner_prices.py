"""The prices that an owner set: dated, and before the price list."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from decimal import Decimal
from typing import Any

from sqlalchemy import Engine, Select, delete, func, select
from sqlalchemy.orm import Session

from backend.clock import now_us
from backend.db import for_writing
from backend.models import LlmPrice
from backend.pricing.rows import price_of, values_of
from otel_bridge.pricing import Price
from otel_bridge.pricing.providers import provider_of

_SOURCE = "owner"
#: USD; a price above it, or with more places, is a slip of the hand.
_HIGHEST = Decimal(1_000_000)
_PLACES = 12
_SMALLEST = Decimal(1).scaleb(-_PLACES)


class PriceError(ValueError):
    """The price is for no call that could be; the text says why."""


@dataclass(frozen=True, slots=True)
class OwnPrice:
    """A price of an owner's, and the id by which it is removed."""

    id: int
    price: Price


def set_price(engine: Engine, owner_id: int, *, price: Price) -> OwnPrice:
    """Store a price under its provider's canonical name; return it as it is stored.

    It takes the place of one that begins at the same time, and holds until a later one begins. What
    stored calls cost changes with a recalculation only. Raises PriceError.
    """
    values = {"user_id": owner_id, "source": _SOURCE, **values_of(_checked(price))}
    with Session(for_writing(engine)) as session, session.begin():
        row = session.scalar(_in_its_place(values))
        if row is None:
            row = LlmPrice(created_us=now_us())
            session.add(row)
        for name, value in values.items():
            setattr(row, name, value)
        session.flush()
        return OwnPrice(row.id, price_of(row))


def prices_of(engine: Engine, owner_id: int) -> list[OwnPrice]:
    """Return the owner's prices by provider and model, the oldest first."""
    by = LlmPrice
    query = (
        select(by)
        .where(by.user_id == owner_id)
        .order_by(by.provider, by.model, func.coalesce(by.effective_from_us, 0), by.id)
    )
    with Session(engine) as session:
        return [OwnPrice(row.id, price_of(row)) for row in session.scalars(query)]


def remove_price(engine: Engine, owner_id: int, *, price_id: int) -> bool:
    """Remove a price of the owner's; return whether there was one."""
    with for_writing(engine).begin() as connection:
        done = connection.execute(
            delete(LlmPrice).where(LlmPrice.id == price_id, LlmPrice.user_id == owner_id)
        )
    return done.rowcount > 0


def _in_its_place(values: dict[str, Any]) -> Select[Any]:
    """Return the query of the row that begins when the new one does."""
    by = LlmPrice
    return (
        select(by)
        .where(by.user_id == values["user_id"], by.provider == values["provider"])
        .where(func.lower(by.model) == values["model"].lower())
        .where(by.effective_from_us.is_not_distinct_from(values["effective_from_us"]))
        .limit(1)
    )


def _checked(price: Price) -> Price:
    model = price.model.strip()
    if not 1 <= len(model) <= 255 or not model.isprintable():
        raise PriceError("the model must have 1 to 255 characters")
    provider = provider_of(price.provider, model)
    if not provider or len(provider) > 64 or not provider.isprintable():
        raise PriceError(f"{price.provider!r} names no provider that could send a bill")
    for item in fields(price):
        amount = getattr(price, item.name)
        if isinstance(amount, Decimal) and not _is_price(amount):
            raise PriceError(
                f"{item.name} must be between 0 and {_HIGHEST} USD, with {_PLACES} places at most"
            )
    return replace(price, provider=provider, model=model)


def _is_price(amount: Decimal) -> bool:
    if not amount.is_finite() or not 0 <= amount <= _HIGHEST:
        return False
    # Compared and not reckoned with, which would round it first.
    return amount == amount.quantize(_SMALLEST)
