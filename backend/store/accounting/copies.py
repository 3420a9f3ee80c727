"""Which spans of different tracers tell the same call, in whatever trace they stand.

Spans of one instrumentation scope are copies of each other only when nested. Across scopes, the
provider's response id decides; where one of them does not know it, the same tokens at the same time
in one process do, matched one to one: ten equal parallel calls seen by two tracers are ten calls.
A program's logs are one more tracer, with a scope of its own, whatever span they were written in.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import UUID

from backend.store.accounting.entries import Entry, SetAside
from backend.store.accounting.tree import Key, Span

SAME_CALL_WINDOW_US = 10 * 60 * 1_000_000

#: A program writes a log of its call a little after the call's span ended, or while it runs.
LOG_LAG_US = 2_000_000
#: A wrapper of a stream may end before its request begins: when the reading starts.
_STREAM_GAP_US = 100_000
#: Two tracers do not see the ends of a call at quite the same time.
_TOGETHER_SHARE = 0.8
#: Tracers count streamed tokens a little differently.
_SLACK_TOKENS = 8
_SLACK_SHARE = 0.01
_NO_UID = UUID(int=0)
#: What a model's full name adds to its short one: nothing, a date, a version or a size of context.
_ADDED_VERSION = re.compile(r"$|\[|[-@:](v?\d|latest)")


def find_copies(calls: Iterable[Span], aside: Mapping[UUID, SetAside]) -> dict[UUID, Copy]:
    """Return the calls that repeat another one, each with the call that it repeats."""
    spans = [span for span in calls if span.entries[0].uid not in aside]
    single = [span.entries[0] for span in spans]
    below = {span.entries[0].uid: span.parent.key for span in spans if span.parent is not None}
    by_response = repeats(single, response_key, _is_same_response)
    found = {copy: (kept, SetAside.SAME_RESPONSE) for copy, kept in by_response.items()}
    remaining = [entry for entry in single if entry.uid not in found]
    # Without logs the output is one more thing that must be equal: groups are smaller with it.
    key_of = likeness_of if any(entry.is_log for entry in remaining) else _likeness_and_output
    by_likeness = repeats(remaining, key_of, partial(_is_alike, below=below))
    found |= {copy: (kept, SetAside.SAME_TOKENS_AND_TIME) for copy, kept in by_likeness.items()}
    return found


#: The entry that is kept instead, and why this one is not.
Copy = tuple[Entry, SetAside]
#: The entry that is kept, by what repeats it.
Copies = dict[UUID, Entry]


def likeness_of(entry: Entry) -> tuple[object, ...] | None:
    """Return what two tellings of one call have in common; None where nothing is known."""
    if not (entry.resource and entry.scope):
        return None
    # A tracer may write 0 where another writes nothing.
    return (entry.resource, entry.operation, entry.status, entry.tokens_in or None)


def outputs_of(entry: Entry) -> set[int | None]:
    """Return how many tokens of output another telling may give: with and without reasoning.

    Spans have it as their tracers mean it; a log is compared with both.
    """
    tokens_out = entry.tokens_out or 0
    return {tokens_out or None, max(0, tokens_out - (entry.tokens_reasoning or 0)) or None}


def _likeness_and_output(entry: Entry) -> tuple[object, ...] | None:
    likeness = likeness_of(entry)
    return None if likeness is None else (*likeness, entry.tokens_out or None)


def response_key(entry: Entry) -> str | None:
    """Return the id by which the provider's answer knows the call, or the tool's execution."""
    return entry.response_id


def repeats(
    entries: Iterable[Entry],
    key_of: Callable[[Entry], Hashable | None],
    is_same: Callable[[Entry, Entry], bool],
    kept_first: Callable[[Entry], Any] | None = None,
) -> dict[UUID, Entry]:
    """Return the entries that repeat another one with the same key, and which one that is.

    Of equals the first in the order of `kept_first` is kept, by default the richest.
    """
    groups: dict[Hashable, list[Entry]] = defaultdict(list)
    for entry in entries:
        if (key := key_of(entry)) is not None:
            groups[key].append(entry)
    found: dict[UUID, Entry] = {}
    for group in groups.values():
        for cluster in _clusters(group, is_same):
            kept = min(cluster, key=kept_first or richest_first)
            found |= {entry.uid: kept for entry in cluster if entry is not kept}
    return found


def _clusters(
    entries: Iterable[Entry], is_same: Callable[[Entry, Entry], bool]
) -> Iterator[list[Entry]]:
    """Yield entries that are one call: of each scope one at the most, the nearest in time."""
    clusters: list[list[Entry]] = []
    for entry in sorted(entries, key=_start_order):
        fitting = [
            cluster
            for cluster in clusters
            if all(other.scope != entry.scope and is_same(entry, other) for other in cluster)
        ]
        if fitting:
            min(fitting, key=lambda cluster: _distance_us(entry, cluster)).append(entry)
        else:
            clusters.append([entry])
    yield from clusters


def _start_order(entry: Entry) -> tuple[int, int, str, str, str, str]:
    """Order by time, then by identity: of a log's event, which has none, by all that it tells."""
    ids = (entry.scope or "", entry.trace_id or "", entry.span_id or "")
    told = str(replace(entry, uid=_NO_UID)) if entry.is_log else ""
    return (start_of(entry), entry.created_us, *ids, told)


def start_of(entry: Entry) -> int:
    """Return when the call began, in Unix microseconds; its end where that is not known."""
    return entry.created_us if entry.started_us is None else entry.started_us


def _distance_us(entry: Entry, cluster: Iterable[Entry]) -> int:
    return min(
        abs(start_of(entry) - start_of(other)) + abs(entry.created_us - other.created_us)
        for other in cluster
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


def is_exclusive(entry: Entry, other: Entry) -> bool:
    """Whether `entry` leaves the cached tokens out of its input that `other` includes."""
    uncached = _uncached(other)
    return (
        entry.tokens_in is not None
        and uncached is not None
        and other.tokens_in != uncached
        and not _close(entry.tokens_in, other.tokens_in)
        and _close(entry.tokens_in, uncached)
        and _close(entry.tokens_out, other.tokens_out)
    )


def same_totals(one: Entry, other: Entry) -> bool:
    """Whether two events of a call agree on its tokens, as far as both know them."""
    return _close(one.tokens_in, other.tokens_in) and _close(one.tokens_out, other.tokens_out)


def _is_same_response(one: Entry, other: Entry) -> bool:
    near = abs(one.created_us - other.created_us) <= SAME_CALL_WINDOW_US
    return near and same_model(one, other) and _compatible_tokens(one, other)


def _is_alike(one: Entry, other: Entry, *, below: Mapping[UUID, Key]) -> bool:
    """Whether two calls with equal tokens ran at the same time and no response id parts them.

    Side by side below one span, a short pause may lie between them, and between a span and a log.
    Without tokens they must have run together, or the one follow the other so; a success must name
    its model as well.
    """
    both_known = one.response_id is not None and other.response_id is not None
    if both_known and one.response_id != other.response_id:
        return False
    if not same_model(one, other) or not _same_output(one, other):
        return False
    pause_us = gap_us(one, other)
    follows = 0 <= pause_us <= _STREAM_GAP_US and below.get(one.uid, one) == below.get(other.uid)
    if one.is_log or other.is_log:
        follows = pause_us <= LOG_LAG_US
    if one.tokens_in:
        return pause_us <= 0 or follows
    names_models = one.model is not None and other.model is not None
    return (follows or _ran_together(one, other)) and (names_models or one.status == "error")


def _same_output(one: Entry, other: Entry) -> bool:
    if (one.tokens_out or None) == (other.tokens_out or None):
        return True
    return (one.is_log or other.is_log) and not outputs_of(one).isdisjoint(outputs_of(other))


def gap_us(one: Entry, other: Entry) -> int:
    """Return how long neither of them was running between the two; 0 or less where they overlap."""
    first, second = sorted((one, other), key=start_of)
    return start_of(second) - first.created_us


def _ran_together(one: Entry, other: Entry) -> bool:
    """Whether the shorter of the two ran mostly while the longer one did."""
    shorter_us = min(entry.created_us - start_of(entry) for entry in (one, other))
    together_us = -max(gap_us(one, other), -shorter_us)
    return together_us >= 0 and together_us >= _TOGETHER_SHARE * shorter_us


def same_model(one: Entry, other: Entry) -> bool:
    """Whether the names may mean one model: equal, or one dated or prefixed form of the other."""
    if one.model is None or other.model is None:
        return True
    names = [entry.model.lower().rsplit("/", 1)[-1] for entry in (one, other) if entry.model]
    shorter, longer = sorted(names, key=len)
    return longer.startswith(shorter) and _ADDED_VERSION.match(longer[len(shorter) :]) is not None


def _compatible_tokens(one: Entry, other: Entry) -> bool:
    return _close(one.tokens_out, other.tokens_out) and (
        _close(one.tokens_in, other.tokens_in)
        or _close(_uncached(one), other.tokens_in)
        or _close(one.tokens_in, _uncached(other))
    )


def _uncached(entry: Entry) -> int | None:
    """Return the input without cached tokens, which some tracers leave out."""
    if entry.tokens_in is None:
        return None
    return entry.tokens_in - (entry.tokens_cache_read or 0) - (entry.tokens_cache_write or 0)


def _close(left: int | None, right: int | None) -> bool:
    if left is None or right is None:
        return True
    return abs(left - right) <= max(_SLACK_TOKENS, _SLACK_SHARE * max(left, right))
