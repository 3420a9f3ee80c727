"""A price as a row of the table, and back."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any

from backend.models import LlmPrice
from otel_bridge.event import micros
from otel_bridge.pricing import Price

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIMES = ("effective_from", "effective_to")
#: The fields of `Price` that are columns of the same name.
_SAME = tuple(item.name for item in fields(Price) if item.name not in _TIMES)


def price_of(row: LlmPrice) -> Price:
    """Return the price that a row holds."""
    values: dict[str, Any] = {name: getattr(row, name) for name in _SAME}
    return Price(
        **values,
        effective_from=_moment(row.effective_from_us),
        effective_to=_moment(row.effective_to_us),
    )


def values_of(price: Price) -> dict[str, Any]:
    """Return the columns that a price fills."""
    return {
        **{name: getattr(price, name) for name in _SAME},
        "effective_from_us": _micros(price.effective_from),
        "effective_to_us": _micros(price.effective_to),
    }


def _moment(time_us: int | None) -> datetime | None:
    return None if time_us is None else _EPOCH + timedelta(microseconds=time_us)


def _micros(moment: datetime | None) -> int | None:
    return None if moment is None else micros(moment)
