"""`/api/obs/pricing`: the price list, for everyone."""

from __future__ import annotations

import hashlib
from datetime import datetime
from functools import cache
from typing import Any

from flask import Blueprint, Response, request

from backend.answers import answer, money
from otel_bridge.event import micros, rfc3339
from otel_bridge.pricing import Price, price_list

blueprint = Blueprint("pricing", __name__, url_prefix="/api/obs/pricing")


@blueprint.get("")
def pricing() -> Response:
    """Answer the list that calls are priced with, in USD per million tokens."""
    response = answer({"pricing": [_shown(price) for price in price_list()]})
    response.set_etag(_etag())
    response.cache_control.public = True
    response.cache_control.max_age = 300
    response.make_conditional(request)
    return response


@cache
def _etag() -> str:
    """Return a digest of the list, which changes only with the package that brings it."""
    return hashlib.sha256(repr(price_list()).encode()).hexdigest()[:32]


def _shown(price: Price) -> dict[str, Any]:
    return {
        "provider": price.provider,
        "model": price.model,
        "input_cost_per_mtok": money(price.input_cost_per_mtok),
        "output_cost_per_mtok": money(price.output_cost_per_mtok),
        "cache_read_cost_per_mtok": money(price.cache_read_cost_per_mtok),
        "cache_write_cost_per_mtok": money(price.cache_write_cost_per_mtok),
        "effective_from": _moment(price.effective_from),
        "effective_to": _moment(price.effective_to),
    }


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else rfc3339(micros(moment))
