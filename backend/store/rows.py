"""An event as the store sees it: what was sent of it, and what was decided."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct
from sqlalchemy import Select, select

from backend.models import EventRow
from backend.store.accounting import Entry, Told
from backend.store.costing import UNKNOWN_COST, Cost, PricedBy


class Placement(NamedTuple):
    """What the server decided of an event; the fields are columns of `obs_events`.

    Provider, model, tokens and session are as sent, but where other events tell the same call.
    `told_cost_nusd` and `told_cost_source` are the cost that came with one of these events.
    """

    event_type: str
    status: str
    agent_id: int | None
    run_id: str | None
    counted: bool
    set_aside_reason: str | None
    cost_nusd: int | None
    cost_source: str | None
    price_version: str | None
    told_cost_nusd: int | None
    told_cost_source: str | None
    provider: str | None
    model: str | None
    tokens_in: int | None
    tokens_out: int | None
    tokens_cache_read: int | None
    tokens_cache_write: int | None
    tokens_reasoning: int | None
    session: str | None

    @property
    def cost(self) -> Cost:
        """What the event costs."""
        return Cost(self.cost_nusd, self.cost_source, self.price_version)

    @property
    def told(self) -> Told:
        """What all events of the call tell together."""
        return Told(*self[-8:], self.told_cost_nusd, self.told_cost_source)

    def at_cost(self, cost: Cost) -> Placement:
        """Return the same place, at another cost."""
        nusd, source, version = cost
        return self._replace(cost_nusd=nusd, cost_source=source, price_version=version)


class Row(Struct, frozen=True):
    """What accounting, sums and runs need of an event. `placement` is None until it is stored.

    `priced` is what its payload tells of its price; None where the payload has not been read.
    """

    entry: Entry
    latency_ms: int | None
    error_message: str | None
    warnings: str | None
    placement: Placement | None
    priced: PricedBy | None = None
    #: What the event costs by what it tells itself.
    own_cost: Cost = UNKNOWN_COST


#: A row and the place it has now.
Placed = tuple[Row, Placement]


_COLUMN_OF = {"event_type": "sent_event_type", "agent": "agent_name"}
_ENTRY_FIELDS = Entry.__struct_fields__
_ENTRY_WIDTH = len(_ENTRY_FIELDS)
_INDEX_OF = {name: index for index, name in enumerate(_ENTRY_FIELDS)}
#: The fields that a decision may change although the event told them.
_AS_SENT = ("status", *(name for name in Told._fields if not name.startswith("sent_")))
#: The columns that only the server writes.
_DECIDED = (
    *("event_type", "agent_id", "run_id", "counted", "set_aside_reason"),
    *("cost_nusd", "cost_source", "price_version", "told_cost_nusd", "told_cost_source"),
)

#: The columns of `obs_events` that make a `Row`, in the order that `stored_row` takes; first `uid`.
ROW_COLUMNS = (
    *(_COLUMN_OF.get(name, name) for name in _ENTRY_FIELDS),
    *("latency_ms", "error_message", "warnings", "as_sent"),
    *_DECIDED,
)

#: The columns of a new row, in the order that `values_of` gives them.
NEW_COLUMNS = (
    *("uid", "user_id", "identity", "dedupe_key", "received_us", "name", "payload", "likeness"),
    *("latency_ms", "error_message", "warnings", "as_sent"),
    *Placement._fields,
    *(
        _COLUMN_OF.get(name, name)
        for name in _ENTRY_FIELDS
        if name != "uid" and name not in _AS_SENT
    ),
)
_SENT_ONLY = [name for name in _ENTRY_FIELDS if name != "uid" and name not in _AS_SENT]


def select_rows() -> Select[Any]:
    """Return the query of the columns that `stored_row` takes."""
    return select(*(EventRow.__table__.c[name] for name in ROW_COLUMNS))


def stored_row(values: Sequence[Any]) -> Row:
    """Return a row from the values of `ROW_COLUMNS`."""
    entry = [*values[:_ENTRY_WIDTH]]
    latency_ms, error_message, warnings, as_sent, *decided = values[_ENTRY_WIDTH:]
    event_type, agent_id, run_id, counted, reason, *cost = decided
    placement = Placement(
        event_type,
        entry[_INDEX_OF["status"]],
        agent_id,
        run_id,
        bool(counted),
        reason,
        *cost,
        *(entry[_INDEX_OF[name]] for name in _AS_SENT[1:]),
    )
    if as_sent is not None:
        for name, value in msgspec.json.decode(as_sent).items():
            entry[_INDEX_OF[name]] = value
    return Row(Entry(*entry), latency_ms, error_message, warnings, placement)


def as_sent(entry: Entry, place: Placement) -> str | None:
    """Return the JSON of what was sent otherwise than it was decided; None where nothing was."""
    sent, decided = _changeable(entry), _changeable(place)
    if sent == decided:
        return None
    pairs = zip(_AS_SENT, sent, decided, strict=True)
    return msgspec.json.encode({name: one for name, one, other in pairs if one != other}).decode()


_changeable = attrgetter(*_AS_SENT)
#: What an event tells that no decision changes, in the order of `NEW_COLUMNS`.
sent_values = attrgetter(*_SENT_ONLY)


def storable(value: Any, limit: int) -> str | None:
    """Return text that both databases take: cut, without NUL and lone surrogates; '' is None."""
    if value is None:
        return None
    if type(value) is str and len(value) <= limit and value.isascii() and "\0" not in value:
        return value or None
    return _mended(value)[:limit] or None if isinstance(value, str) else None


def _mended(text: str) -> str:
    readable = text.encode("utf-8", "replace").decode()
    return readable.replace("\0", "\N{REPLACEMENT CHARACTER}")
