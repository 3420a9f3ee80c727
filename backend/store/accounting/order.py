"""The order of events by what they know, which does not depend on how they arrived."""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter

from msgspec import Struct

from backend.store.accounting.entries import PHASE, Entry, Uid
from backend.store.accounting.operations import operation_of, told_operation


def in_order(entries: Iterable[Entry]) -> list[Entry]:
    """Return the events by what they know: spans before posted ones, ends before starts.

    Of two events at the same time their content decides, not which one came first.
    """
    return sorted(entries, key=_order)


def _order(entry: Entry) -> tuple[object, ...]:
    return (
        _vagueness(entry),
        entry.event_type.endswith("_started"),
        entry.created_us,
        entry.event_type,
        entry.trace_id or "",
        entry.span_id or "",
        _Content(entry),
    )


class _Content(Struct, frozen=True, eq=False):
    """Orders events by all that they tell; read only where everything else is equal."""

    entry: Entry

    def __lt__(self, other: _Content) -> bool:
        """Compare the contents as texts, then the identities."""
        return self._text() < other._text()

    def _text(self) -> tuple[str, Uid]:
        return (str(_content(self.entry)), self.entry.uid)


_content = attrgetter(*(name for name in Entry.__struct_fields__ if name != "uid"))


def _vagueness(entry: Entry) -> int:
    """Return 0 for a span's event; of posted ones, those that name what their span did go first."""
    if told_operation(entry) is not None:
        return 0
    if entry.event_type in PHASE:
        return 1
    return 2 if operation_of(entry) is not None else 3
