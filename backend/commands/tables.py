"""Tables for a terminal: numbers to the right, amounts with as many places as one of them needs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

#: What a cell can hold; None is not known, or not said.
Cell = str | int | Decimal | None


def table(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """Return the lines of a table; a Decimal is an amount of money, exact."""
    columns = list(zip(*rows, strict=True)) or [() for _ in header]
    shown = [_column(name, cells) for name, cells in zip(header, columns, strict=True)]
    return "\n".join("  ".join(line).rstrip() for line in zip(*shown, strict=True))


def usd(amount_nusd: int) -> Decimal:
    """Return nano-USD as USD."""
    return Decimal(amount_nusd).scaleb(-9)


def _column(name: str, cells: Sequence[Cell]) -> list[str]:
    amounts = [cell for cell in cells if isinstance(cell, Decimal)]
    places = max(map(_places, amounts), default=2)
    texts = [name, *(_text(cell, places) for cell in cells)]
    width = max(map(len, texts))
    is_number = any(isinstance(cell, int | Decimal) for cell in cells)
    return [text.rjust(width) if is_number else text.ljust(width) for text in texts]


def _places(amount: Decimal) -> int:
    exponent = amount.normalize().as_tuple().exponent
    return max(2, -exponent) if isinstance(exponent, int) else 2


def _text(cell: Cell, places: int) -> str:
    if cell is None:
        return "-"
    return f"{cell:,.{places}f}" if isinstance(cell, Decimal) else str(cell)
