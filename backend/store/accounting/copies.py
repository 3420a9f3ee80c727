"""Which spans of different tracers tell the same call, in whatever trace they stand.

Spans of one instrumentation scope are copies of each other only when nested. Across scopes, the
provider's response id decides; where one of them does not know it, the same tokens at the same time
in one process do, matched one to one: ten equal parallel calls seen by two tracers are ten calls.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from backend.store.accounting.entries import Entry, SetAside
from backend.store.accounting.likeness import (
    gap_us,
    is_alike,
    is_same_response,
    likeness_of,
    start_of,
)
from backend.store.accounting.tree import Span

#: The entry that is kept instead, and why this one is not.
Copy = tuple[Entry, SetAside]
#: The entry that is kept, by what repeats it.
Copies = dict[UUID, Entry]


@dataclass(frozen=True, slots=True, eq=False)
class _Telling:
    """The events that tell one call; the first of them counts."""

    entries: tuple[Entry, ...]
    scopes: frozenset[str | None]

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> _Telling:
        told = tuple(entries)
        return cls(told, frozenset(entry.scope for entry in told))


def find_copies(
    calls: Sequence[Span], aside: Mapping[UUID, SetAside], nested: Copies
) -> dict[UUID, Copy]:
    """Return the calls that repeat another one, each with the call that it repeats.

    What is found of one of the spans of a call, which stand in each other, is true of them all.
    """
    below = {span.entries[0].uid: span.parent.key for span in calls if span.parent is not None}
    found: dict[UUID, Copy] = {}
    tellings = _tellings(calls, aside, nested)
    for reason, key_of, is_same in (
        (SetAside.SAME_RESPONSE, _response_key, is_same_response),
        (SetAside.SAME_TOKENS_AND_TIME, likeness_of, partial(is_alike, below=below)),
    ):
        repeats, tellings = _joined(tellings, key_of, is_same)
        found |= {uid: (kept, reason) for uid, kept in repeats.items()}
    return found


def _tellings(
    calls: Iterable[Span], aside: Mapping[UUID, SetAside], nested: Copies
) -> list[_Telling]:
    """Return each call that counts so far, with its spans that stand in each other."""
    entries = [span.entries[0] for span in calls]
    told = {entry.uid: [entry] for entry in entries if entry.uid not in aside}
    for entry in entries:
        if entry.uid in nested:
            told[last_of(entry, nested).uid].append(entry)
    return [_Telling.of(group) for group in told.values()]


def last_of(entry: Entry, copies: Copies) -> Entry:
    """Return the event that counts instead, after every step that leads to it."""
    while entry.uid in copies:
        entry = copies[entry.uid]
    return entry


def find_executions(tools: Iterable[Span]) -> dict[UUID, Copy]:
    """Return the tool spans that repeat another tracer's in the same trace, each with that one.

    Of nested spans the outer one is kept: a client's span inside the framework's.
    """
    spans = list(tools)
    kept = {
        span.entries[0].uid: above.entries[0]
        for span in spans
        if (above := _same_tool_above(span)) is not None
    }
    rest = [_Telling.of(span.entries[:1]) for span in spans if span.entries[0].uid not in kept]
    kept |= _joined(rest, _execution_key, _overlap)[0]
    return {uid: (entry, SetAside.SAME_EXECUTION) for uid, entry in kept.items()}


def _execution_key(entry: Entry) -> Hashable | None:
    """Return what the spans of one execution have in common; None where too little is known."""
    if not (entry.tool and entry.scope and entry.resource):
        return None
    return (entry.trace_id, entry.resource, entry.tool)


def _overlap(one: Entry, other: Entry) -> bool:
    return gap_us(one, other) <= 0


def _same_tool_above(span: Span) -> Span | None:
    """Return the outermost tool span of the same name, with no agent and no call in between."""
    found: Span | None = None
    for above in span.ancestors():
        if above.is_agent or above.is_call:
            break
        if above.is_tool and _is_same_tool(span.entries[0], above.entries[0]):
            found = above
    return found


def _is_same_tool(one: Entry, other: Entry) -> bool:
    return one.tool is not None and one.tool == other.tool and one.scope != other.scope


def _response_key(entry: Entry) -> str | None:
    return entry.response_id


_KeyOf = Callable[[Entry], Hashable | None]
_IsSame = Callable[[Entry, Entry], bool]


def _joined(
    tellings: Iterable[_Telling], key_of: _KeyOf, is_same: _IsSame
) -> tuple[dict[UUID, Entry], list[_Telling]]:
    """Return the calls that repeat another one, and what is then told of each call."""
    repeats: dict[UUID, Entry] = {}
    joined: list[_Telling] = []
    for cluster in _clusters(tellings, key_of, is_same):
        if len(cluster) == 1:
            joined += cluster
            continue
        cluster.sort(key=lambda telling: richest_first(telling.entries[0]))
        kept = cluster[0].entries[0]
        repeats |= {telling.entries[0].uid: kept for telling in cluster[1:]}
        joined.append(_Telling.of(entry for telling in cluster for entry in telling.entries))
    return repeats, joined


def _clusters(
    tellings: Iterable[_Telling], key_of: _KeyOf, is_same: _IsSame
) -> Iterator[list[_Telling]]:
    """Yield what tells one call: of each scope one at the most, the nearest in time."""
    for group in _sharing(tellings, key_of):
        every_scope = frozenset[str | None]().union(*(telling.scopes for telling in group))
        waiting: list[list[_Telling]] = []
        for telling in sorted(group, key=lambda telling: _start_order(telling.entries[0])):
            fitting = [one for one in waiting if _fits(telling, one, key_of, is_same)]
            cluster = min(fitting, key=partial(_distance_us, telling), default=[])
            waiting = [one for one in waiting if one is not cluster] if cluster else waiting
            cluster.append(telling)
            if every_scope.difference(*(one.scopes for one in cluster)):
                waiting.append(cluster)
            else:
                yield cluster
        yield from waiting


def _sharing(tellings: Iterable[_Telling], key_of: _KeyOf) -> Iterator[list[_Telling]]:
    """Yield groups of what has a key in common, directly or through others."""
    keys: dict[_Telling, set[Hashable]] = {}
    holders: dict[Hashable, list[_Telling]] = defaultdict(list)
    for telling in tellings:
        keys[telling] = {key_of(entry) for entry in telling.entries}
        for key in keys[telling]:
            holders[key].append(telling)
    holders[None] = []
    seen: set[_Telling] = set()
    for first in keys:
        group: list[_Telling] = []
        ahead = [first]
        while ahead:
            telling = ahead.pop()
            if telling not in seen:
                seen.add(telling)
                group.append(telling)
                ahead.extend(other for key in keys[telling] for other in holders.pop(key, ()))
        if group:
            yield group


def _fits(telling: _Telling, cluster: Iterable[_Telling], key_of: _KeyOf, is_same: _IsSame) -> bool:
    return all(
        telling.scopes.isdisjoint(other.scopes) and _tells_the_same(telling, other, key_of, is_same)
        for other in cluster
    )


def _tells_the_same(one: _Telling, other: _Telling, key_of: _KeyOf, is_same: _IsSame) -> bool:
    return any(
        key_of(left) is not None and key_of(left) == key_of(right) and is_same(left, right)
        for left in one.entries
        for right in other.entries
    )


def _start_order(entry: Entry) -> tuple[int, int, str, str, str]:
    ids = (entry.scope or "", entry.trace_id or "", entry.span_id or "")
    return (start_of(entry), entry.created_us, *ids)


def _distance_us(telling: _Telling, cluster: Iterable[_Telling]) -> int:
    entry = telling.entries[0]
    return min(
        abs(start_of(entry) - start_of(other)) + abs(entry.created_us - other.created_us)
        for other in (near.entries[0] for near in cluster)
    )


def richest_first(entry: Entry) -> tuple[bool, bool, bool, int, str, str]:
    """Order by what the span tells: tokens or cost at all, its price, its model, then parts."""
    told = (
        entry.tokens_in,
        entry.tokens_out,
        entry.tokens_cache_read,
        entry.tokens_cache_write,
        entry.tokens_reasoning,
    )
    parts = 2 * sum(bool(value) for value in told) + sum(value == 0 for value in told)
    return (
        not entry.carries_usage,
        not entry.has_cost,
        entry.model is None,
        -parts,
        entry.trace_id or "",
        entry.span_id or "",
    )
