"""Which spans of different tracers tell the same call, in whatever trace they stand.

Spans of one instrumentation scope are copies of each other only when nested. Across scopes, the
provider's response id decides; where one of them does not know it, the same tokens at the same time
in one process do, matched one to one: ten equal parallel calls seen by two tracers are ten calls.
A program's logs are one more tracer, with a scope of its own, whatever span they were written in.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from msgspec.structs import replace

from backend.store.accounting.entries import Entry, SetAside, Uid
from backend.store.accounting.likeness import (
    is_alike,
    is_same_response,
    likeness_and_output_of,
    likeness_of,
    start_of,
)
from backend.store.accounting.tree import Span

_NO_UID = bytes(16)

#: The entry that is kept instead, and why this one is not.
Copy = tuple[Entry, SetAside]
#: The entry that is kept, by what repeats it.
Copies = dict[Uid, Entry]


@dataclass(frozen=True, slots=True, eq=False)
class Telling:
    """The events that tell one call, or one execution of a tool; the first of them counts."""

    entries: tuple[Entry, ...]
    scopes: frozenset[str | None]

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Telling:
        """Return what these events tell together."""
        told = tuple(entries)
        return cls(told, frozenset(entry.scope for entry in told))


def find_copies(
    calls: Sequence[Span], aside: Mapping[Uid, SetAside], nested: Copies
) -> dict[Uid, Copy]:
    """Return the calls that repeat another one, each with the call that it repeats.

    What is found of one of the spans of a call, which stand in each other, is true of them all.
    """
    if have_one_scope(calls):
        return {}
    below = {span.entries[0].uid: span.parent.key for span in calls if span.parent is not None}
    found: dict[Uid, Copy] = {}
    tellings = _tellings(calls, aside, nested)
    # Without logs the output is one more thing that must be equal: groups are smaller with it.
    likeness = likeness_of if any(span.is_log for span in calls) else likeness_and_output_of
    for reason, key_of, is_same in (
        (SetAside.SAME_RESPONSE, response_key, is_same_response),
        (SetAside.SAME_TOKENS_AND_TIME, likeness, partial(is_alike, below=below)),
    ):
        repeats, tellings = joined(tellings, key_of, is_same)
        found |= {uid: (kept, reason) for uid, kept in repeats.items()}
    return found


def have_one_scope(spans: Iterable[Span]) -> bool:
    """Whether one tracer tells all of these: it tells nothing twice but in nested spans."""
    return len({span.entries[0].scope for span in spans}) < 2


def _tellings(
    calls: Iterable[Span], aside: Mapping[Uid, SetAside], nested: Copies
) -> list[Telling]:
    """Return each call that counts so far, with its spans that stand in each other."""
    entries = [span.entries[0] for span in calls]
    told = {entry.uid: [entry] for entry in entries if entry.uid not in aside}
    for entry in entries:
        if entry.uid in nested:
            told[last_of(entry, nested).uid].append(entry)
    return [Telling.of(group) for group in told.values()]


def last_of(entry: Entry, copies: Copies) -> Entry:
    """Return the event that counts instead, after every step that leads to it."""
    while entry.uid in copies:
        entry = copies[entry.uid]
    return entry


def response_key(entry: Entry) -> str | None:
    """Return the id by which the provider's answer knows the call, or the tool's execution."""
    return entry.response_id


KeyOf = Callable[[Entry], Hashable | None]
IsSame = Callable[[Entry, Entry], bool]


def joined(
    tellings: Iterable[Telling],
    key_of: KeyOf,
    is_same: IsSame,
    *,
    kept_first: Callable[[Entry], Any] | None = None,
) -> tuple[dict[Uid, Entry], list[Telling]]:
    """Return what repeats another one, and what is then told of each call.

    The first in the order of `kept_first` is kept, by default the richest.
    """
    order = kept_first or richest_first
    repeats: dict[Uid, Entry] = {}
    after: list[Telling] = []
    for cluster in _clusters(tellings, key_of, is_same):
        if len(cluster) == 1:
            after += cluster
            continue
        cluster.sort(key=lambda telling: order(telling.entries[0]))
        kept = cluster[0].entries[0]
        repeats |= {telling.entries[0].uid: kept for telling in cluster[1:]}
        after.append(Telling.of(entry for telling in cluster for entry in telling.entries))
    return repeats, after


def _clusters(
    tellings: Iterable[Telling], key_of: KeyOf, is_same: IsSame
) -> Iterator[list[Telling]]:
    """Yield what tells one call: of each scope one at the most, the nearest in time."""
    for group in _sharing(tellings, key_of):
        every_scope = frozenset[str | None]().union(*(telling.scopes for telling in group))
        waiting: list[list[Telling]] = []
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


def _sharing(tellings: Iterable[Telling], key_of: KeyOf) -> Iterator[list[Telling]]:
    """Yield groups of what has a key in common, directly or through others."""
    keys: dict[Telling, set[Hashable]] = {}
    holders: dict[Hashable, list[Telling]] = defaultdict(list)
    for telling in tellings:
        keys[telling] = {key_of(entry) for entry in telling.entries}
        for key in keys[telling]:
            holders[key].append(telling)
    holders[None] = []
    seen: set[Telling] = set()
    for first in keys:
        group: list[Telling] = []
        ahead = [first]
        while ahead:
            telling = ahead.pop()
            if telling not in seen:
                seen.add(telling)
                group.append(telling)
                ahead.extend(other for key in keys[telling] for other in holders.pop(key, ()))
        if group:
            yield group


def _fits(telling: Telling, cluster: Iterable[Telling], key_of: KeyOf, is_same: IsSame) -> bool:
    return all(
        telling.scopes.isdisjoint(other.scopes) and _tells_the_same(telling, other, key_of, is_same)
        for other in cluster
    )


def _tells_the_same(one: Telling, other: Telling, key_of: KeyOf, is_same: IsSame) -> bool:
    return any(
        key_of(left) is not None and key_of(left) == key_of(right) and is_same(left, right)
        for left in one.entries
        for right in other.entries
    )


def _start_order(entry: Entry) -> tuple[int, int, str, str, str, str]:
    """Order by time, then by identity: of a log's event, which has none, by all that it tells."""
    ids = (entry.scope or "", entry.trace_id or "", entry.span_id or "")
    told = str(replace(entry, uid=_NO_UID)) if entry.is_log else ""
    return (start_of(entry), entry.created_us, *ids, told)


def _distance_us(telling: Telling, cluster: Iterable[Telling]) -> int:
    entry = telling.entries[0]
    return min(
        abs(start_of(entry) - start_of(other)) + abs(entry.created_us - other.created_us)
        for other in (near.entries[0] for near in cluster)
    )


def richest_first(entry: Entry) -> tuple[bool, bool, bool, int, bool, str, str]:
    """Order by what is told: usage at all, its price, its model, its parts; spans before logs."""
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
        entry.is_log,
        entry.trace_id or "",
        entry.span_id or "",
    )
