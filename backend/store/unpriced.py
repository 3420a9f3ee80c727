"""Calls whose cost nobody knows, by provider and model."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

from sqlalchemy import Connection, func

from backend.store.parts import Question
from backend.store.sums import Where
from backend.store.windows import Window


class Unpriced(NamedTuple):
    """How many calls of a model have no known price, and the tokens of these calls."""

    provider: str | None
    model: str | None
    calls: int
    tokens_in: int
    tokens_out: int


def unpriced(connection: Connection, owner_id: int, *, window: Window) -> list[Unpriced]:
    """Return the models of a window that have calls without a price, the most calls first."""
    sums: defaultdict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    question = Question.about(
        connection,
        owner_id,
        window=window,
        group_by=("provider", "model"),
        where=Where(event_type="llm_call"),
    )
    for part in question.parts():
        of = part.table.c
        amounts = (of.unpriced, of.unpriced_tokens_in, of.unpriced_tokens_out)
        found = connection.execute(
            part.select(*part.keys, *map(func.sum, amounts))
            .where(of.unpriced > 0)
            .group_by(*part.positions)
        )
        for provider, model, *numbers in found:
            total = sums[provider, model]
            total[:] = (one + int(more) for one, more in zip(total, numbers, strict=True))
    found_models = [
        Unpriced(provider or None, model or None, *numbers)
        for (provider, model), numbers in sums.items()
    ]
    return sorted(found_models, key=lambda one: (-one.calls, one.provider or "", one.model or ""))
