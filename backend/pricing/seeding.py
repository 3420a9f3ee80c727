"""The shared price list in the database, for who reads it with SQL."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Engine, delete, insert

from backend.clock import now_us
from backend.db import for_writing
from backend.models import LlmPrice
from otel_bridge.event import micros
from otel_bridge.pricing import Price, price_list

_SOURCE = "genai-prices"


def write_shared_list(engine: Engine) -> int:
    """Replace the list that every owner shares by the package's; return its number of rows."""
    now = now_us()
    rows = [_row(price, now) for price in price_list()]
    with for_writing(engine).begin() as connection:
        connection.execute(delete(LlmPrice).where(LlmPrice.user_id.is_(None)))
        connection.execute(insert(LlmPrice), rows)
    return len(rows)


def _row(price: Price, now: int) -> dict[str, object]:
    return {
        "user_id": None,
        "provider": price.provider,
        "model": price.model,
        "input_cost_per_mtok": price.input_cost_per_mtok,
        "output_cost_per_mtok": price.output_cost_per_mtok,
        "cache_read_cost_per_mtok": price.cache_read_cost_per_mtok,
        "cache_write_cost_per_mtok": price.cache_write_cost_per_mtok,
        "effective_from_us": _micros(price.effective_from),
        "effective_to_us": _micros(price.effective_to),
        "source": _SOURCE,
        "created_us": now,
    }


def _micros(moment: datetime | None) -> int | None:
    return None if moment is None else micros(moment)
