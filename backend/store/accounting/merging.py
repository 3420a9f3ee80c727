"""What the events of one call tell together: the richer fields of each, whichever came first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from backend.store.accounting.copies import Copies, last_of, richest_first
from backend.store.accounting.entries import Entry, Told, Uid
from backend.store.accounting.likeness import is_exclusive, same_model, same_totals

_PARTS = ("tokens_cache_read", "tokens_cache_write", "tokens_reasoning")
_USAGE = ("tokens_in", "tokens_out", *_PARTS)


def told_together(entries: Iterable[Entry], copies: Copies) -> dict[Uid, Told]:
    """Return what is known of each call that is told more than once and gains by it."""
    groups: dict[Uid, list[Entry]] = defaultdict(list)
    kept: dict[Uid, Entry] = {}
    for entry in entries:
        if entry.uid in copies:
            last = last_of(entry, copies)
            kept[last.uid] = last
            groups[last.uid].append(entry)
    together = {uid: _merged(kept[uid], group) for uid, group in groups.items()}
    return {uid: told for uid, told in together.items() if told != Told.by(kept[uid])}


def _merged(kept: Entry, others: Sequence[Entry]) -> Told:
    told = Told.by(kept)._asdict()
    for other in sorted(others, key=richest_first):
        told |= _usage(kept, told, other)
        for name in ("provider", "session"):
            told[name] = told[name] or getattr(other, name)
        if told["sent_cost_nusd"] is None and other.has_cost:
            told["sent_cost_nusd"], told["sent_cost_source"] = other.carried_cost
        if other.model is not None and same_model(kept, other):
            told["model"] = max(told["model"] or "", other.model, key=_model_order)
    return Told(**told)


def _model_order(model: str) -> tuple[int, bool, str]:
    """Order by how exactly a name says which model it is: a dated one is longer.

    What stands in brackets is how it was asked, and no part of its name.
    """
    name, bracket, _ = model.rsplit("/", 1)[-1].partition("[")
    return (len(name), not bracket, model)


def _usage(kept: Entry, told: dict[str, object], other: Entry) -> dict[str, object]:
    """Return the usage fields of `other` that are better than what is known already."""
    if is_exclusive(kept, other) and told["tokens_in"] == kept.tokens_in:
        return {name: getattr(other, name) for name in _USAGE}
    if not same_totals(kept, other):
        return {}
    return {name: value for name in _USAGE if not told[name] and (value := getattr(other, name))}
