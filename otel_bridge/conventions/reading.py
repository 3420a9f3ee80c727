"""Reading one fact under the keys where it may stand."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from otel_bridge.conventions.table import Attributes, Keys
from otel_bridge.conventions.values import amount_of, first_of, is_unsaid, money_of, text_of


def first_text(attributes: Attributes, keys: Keys) -> str | None:
    """Return the first readable text under one of `keys`."""
    for key in keys:
        if key in attributes and (text := text_of(attributes[key])) is not None:
            return text
    return None


def text_and_key(attributes: Attributes, keys: Keys) -> tuple[str | None, str]:
    """Return the first readable text under one of `keys`, and under which."""
    for key in keys:
        if (text := text_of(attributes[key])) is not None:
            return text, key
    return None, ""


def first_listed_text(attributes: Attributes, keys: Keys) -> str | None:
    """Return the first text under one of `keys`, also as the head of a list."""
    for key in keys:
        if key in attributes and (text := first_of(attributes[key])) is not None:
            return text
    return None


def money_and_key(attributes: Attributes, keys: Keys) -> tuple[Decimal | None, str]:
    """Return the first readable amount of USD above 0 under one of `keys`, and under which."""
    for key in keys:
        if (amount := money_of(attributes[key])) is not None:
            return amount, key
    return None, ""


def first_stated_amount(attributes: Attributes, keys: Keys) -> Decimal | None:
    """Return the first readable amount of USD, 0 included, under one of `keys`."""
    return next((amount_of(attributes[key]) for key in keys if key in attributes), None)


def first_value(attributes: Attributes, keys: Keys) -> Any:
    """Return the first value under one of `keys`, as it is."""
    return next((attributes[key] for key in keys if key in attributes), None)


def holds_unreadable(attributes: Attributes, keys: Keys) -> bool:
    """Whether one of `keys`, of which none could be read, holds more than a placeholder."""
    return any(not is_unsaid(attributes[key]) for key in keys)
