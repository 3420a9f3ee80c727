"""The shared price list in the database, for who reads it with SQL."""

from __future__ import annotations

from sqlalchemy import Engine, delete, insert

from backend.clock import now_us
from backend.db import for_writing
from backend.models import LlmPrice
from backend.pricing.rows import values_of
from otel_bridge.pricing import price_list

_SOURCE = "genai-prices"


def write_shared_list(engine: Engine) -> int:
    """Replace the list that every owner shares by the package's; return its number of rows."""
    now = now_us()
    rows = [
        {"user_id": None, "source": _SOURCE, "created_us": now, **values_of(price)}
        for price in price_list()
    ]
    with for_writing(engine).begin() as connection:
        connection.execute(delete(LlmPrice).where(LlmPrice.user_id.is_(None)))
        connection.execute(insert(LlmPrice), rows)
    return len(rows)
