"""The tools of the demo's agents: small, and one of them fails for a city that nobody knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

_DEGREES = {"Lisbon": 24, "Oslo": 11, "Nairobi": 22}
_EURO_PER_USD = 0.92
_HANDBOOK = {
    "return": "Shoes may be returned within 30 days if they were not worn outside.",
    "plan": "Starter 12 USD, Team 9 USD and Company 11 USD per seat and month.",
}


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that the model may call; `parameters` is its JSON Schema."""

    name: str
    description: str
    parameters: Mapping[str, Any]
    run: Callable[..., str]


def get_weather(city: str) -> str:
    """Return today's weather; raises LookupError where the city has no weather station."""
    if city not in _DEGREES:
        raise LookupError(f"no weather station in {city}")
    return f"{_DEGREES[city]} degrees Celsius, sunny"


def convert_currency(amount: float, to: str) -> str:
    """Return an amount of US dollars in another currency; raises ValueError for an unknown one."""
    if to != "EUR":
        raise ValueError(f"no rate for {to}")
    return f"{amount * _EURO_PER_USD:.2f} EUR"


def search_handbook(query: str) -> str:
    """Return the sentence of the handbook that shares a word with the query."""
    found = (text for word, text in _HANDBOOK.items() if word in query.lower())
    return next(found, "Nothing found.")


def _object_schema(**properties: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {name: {"type": kind} for name, kind in properties.items()},
        "required": list(properties),
        "additionalProperties": False,
    }


WEATHER = Tool(
    "get_weather", "Today's weather in a city.", _object_schema(city="string"), get_weather
)
CURRENCY = Tool(
    "convert_currency",
    "Convert US dollars to another currency (ISO 4217 code).",
    _object_schema(amount="number", to="string"),
    convert_currency,
)
HANDBOOK = Tool(
    "search_handbook",
    "Search the handbook of the shop.",
    _object_schema(query="string"),
    search_handbook,
)
