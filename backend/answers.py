"""How the API answers: compact JSON, money written out exactly, never a float."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
from flask import Response

from otel_bridge.event import rfc3339

_encoder = msgspec.json.Encoder()


def answer(body: Any, status: int = 200) -> Response:
    """Return `body` as a JSON answer."""
    return Response(_encoder.encode(body), status, mimetype="application/json")


def money(amount: Decimal | None) -> msgspec.Raw | None:
    """Return USD as a JSON number in plain notation, every digit kept; None stays null."""
    if amount is None:
        return None
    text = format(amount, "f")
    plain = text.rstrip("0").rstrip(".") if "." in text else text
    return msgspec.Raw((plain or "0").encode())


def nano_money(amount_nusd: int | None) -> msgspec.Raw | None:
    """Return nano-USD as a JSON number of USD."""
    return None if amount_nusd is None else money(Decimal(amount_nusd).scaleb(-9))


def moment(time_us: int | None) -> str | None:
    """Return Unix microseconds as RFC 3339 UTC; None stays null."""
    return None if time_us is None else rfc3339(time_us)
