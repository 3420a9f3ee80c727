"""Attribute values as they really arrive: numbers as strings, JSON in strings, placeholders."""

from __future__ import annotations

import ast
import json
import math
from decimal import Decimal, InvalidOperation
from typing import Any

#: Values that tracers write where they know nothing, in lower case.
PLACEHOLDERS = frozenset(
    {
        "",
        "unknown",
        "none",
        "null",
        "n/a",
        "{}",
        "no-model",
        "nan",
        "undefined",
        "<redacted>",
        "[redacted]",
        "__redacted__",
    }
)

_LARGEST_COUNT = 2**53
#: A dictionary's text that is longer is not usage.
_LONGEST_LITERAL_CHARS = 10_000
#: What nobody pays for one call: a larger amount is a tracer's mistake.
_LARGEST_USD = 100_000
_SMALLEST_EXPONENT = -15


def text_of(value: Any) -> str | None:
    """Return a stripped string, out of JSON quotes; None for anything else and for placeholders."""
    if not isinstance(value, str):
        return None
    text = value.strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = _unquoted(text)
    return None if text.lower() in PLACEHOLDERS else text


def _unquoted(text: str) -> str:
    """Return the text of a JSON string, or the text as it is where it is none."""
    try:
        return str(json.loads(text)).strip()
    except (ValueError, RecursionError):
        return text


def count_of(value: Any) -> int | None:
    """Return a whole number from 0 to 2**53, also from a string or an integral float, else None."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, str):
        return _count_in(value)
    if isinstance(value, float):
        if not math.isfinite(value) or not value.is_integer():
            return None
        value = int(value)
    if not isinstance(value, int):
        return None
    return value if 0 <= value <= _LARGEST_COUNT else None


def _count_in(text: str) -> int | None:
    try:
        return count_of(int(text))
    except ValueError:
        pass
    try:
        return count_of(float(text))
    except ValueError:
        return None


def money_of(value: Any) -> Decimal | None:
    """Return finite USD above 0; None for 0 too, which tracers write for unknown prices."""
    return amount_of(value) or None


def amount_of(value: Any) -> Decimal | None:
    """Return finite USD from 0, as a person states it; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    if not amount.is_finite() or not 0 <= amount <= _LARGEST_USD:
        return None
    # An absurd exponent would be written out as a text of that many zeros.
    return amount if not amount or amount.adjusted() >= _SMALLEST_EXPONENT else Decimal(0)


def object_of(value: Any) -> dict[str, Any]:
    """Return a mapping, also from its JSON text; an empty one for anything else."""
    if isinstance(value, dict):
        return value
    if isinstance(value, str) and value.startswith("{"):
        try:
            parsed = json.loads(value)
        except (ValueError, RecursionError):
            return {}
        return parsed if isinstance(parsed, dict) else {}
    return {}


def literal_of(value: Any) -> dict[str, Any]:
    """Return a mapping, also from its text as JSON or as Python writes it; nothing is evaluated."""
    if found := object_of(value):
        return found
    if not isinstance(value, str) or len(value) > _LONGEST_LITERAL_CHARS:
        return {}
    if not value.lstrip().startswith("{"):
        return {}
    try:
        parsed = ast.literal_eval(value.strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return {}
    return parsed if isinstance(parsed, dict) else {}


def is_unsaid(value: Any) -> bool:
    """Whether a value is what tracers write where they know nothing: absent, NaN, a placeholder."""
    if isinstance(value, float):
        return math.isnan(value)
    if isinstance(value, str):
        return value.strip().strip('"').lower() in PLACEHOLDERS
    return value is None or value in ([], {})


def first_of(value: Any) -> str | None:
    """Return the first text of a list, of a JSON list in a string, or the text itself."""
    if isinstance(value, str) and value.startswith("["):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return text_of(value)
    if isinstance(value, list | tuple):
        return text_of(value[0]) if value else None
    return text_of(value)
