"""What two spans, or a span and a log, have in common that tell the same call.

As far as both of them know it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from backend.store.accounting.entries import Entry, Uid
from backend.store.accounting.tree import Key

SAME_CALL_WINDOW_US = 10 * 60 * 1_000_000
#: How far apart the ends of spans that overlap may lie, so that they tell one call.
MAX_OVERHANG_US = 60 * 60 * 1_000_000

#: A program writes a log of its call a little after the call's span ended, or while it runs.
LOG_LAG_US = 2_000_000

#: A wrapper of a stream may end before its request begins: when the reading starts.
_STREAM_GAP_US = 100_000
#: Two tracers do not see the ends of a call at quite the same time.
_TOGETHER_SHARE = 0.8
#: Tracers count streamed tokens a little differently.
_SLACK_TOKENS = 8
_SLACK_SHARE = 0.01
#: What a model's full name adds to its short one: nothing, a date, a version or a size of context.
_ADDED_VERSION = re.compile(r"$|\[|[-@:](v?\d|latest)")


def likeness_of(entry: Entry) -> tuple[object, ...] | None:
    """Return what two tellings of one call have in common; None where nothing is known."""
    if not (entry.resource and entry.scope):
        return None
    # 0 and nothing are the same, as in `_agree`.
    return (entry.resource, entry.operation, entry.status, entry.tokens_in or None)


def likeness_and_output_of(entry: Entry) -> tuple[object, ...] | None:
    """Return what two tracers' spans of one call have in common; None where nothing is known."""
    likeness = likeness_of(entry)
    return None if likeness is None else (*likeness, entry.tokens_out or None)


def outputs_of(entry: Entry) -> set[int | None]:
    """Return how many tokens of output another telling may give: with and without reasoning.

    Spans have it as their tracers mean it; a log is compared with both.
    """
    tokens_out = entry.tokens_out or 0
    return {tokens_out or None, max(0, tokens_out - (entry.tokens_reasoning or 0)) or None}


def start_of(entry: Entry) -> int:
    """Return when the call began, in Unix microseconds; its end where that is not known."""
    return entry.created_us if entry.started_us is None else entry.started_us


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
    return _agree(one.tokens_in, other.tokens_in) and _agree(one.tokens_out, other.tokens_out)


def is_same_response(one: Entry, other: Entry) -> bool:
    """Whether two calls with one response id are one: some providers' ids are not unique."""
    near = abs(one.created_us - other.created_us) <= SAME_CALL_WINDOW_US
    return near and same_model(one, other) and _compatible_tokens(one, other)


def is_alike(one: Entry, other: Entry, *, below: Mapping[Uid, Key]) -> bool:
    """Whether two calls with equal tokens ran at the same time and no response id parts them.

    Side by side below one span, a short pause may lie between them, and between a span and a log.
    Without tokens they must have run together, or the one follow the other so; a success must name
    its model as well.
    """
    both_known = one.response_id is not None and other.response_id is not None
    if both_known and one.response_id != other.response_id:
        return False
    if abs(one.created_us - other.created_us) > MAX_OVERHANG_US or not same_model(one, other):
        return False
    if not _same_output(one, other):
        return False
    gap = gap_us(one, other)
    follows = 0 <= gap <= _STREAM_GAP_US and below.get(one.uid, one) == below.get(other.uid)
    if one.is_log or other.is_log:
        follows = gap <= LOG_LAG_US
    if one.tokens_in:
        return gap <= 0 or follows
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
    return same_totals(one, other) or (
        _agree(one.tokens_out, other.tokens_out)
        and (_close(_uncached(one), other.tokens_in) or _close(one.tokens_in, _uncached(other)))
    )


def _uncached(entry: Entry) -> int | None:
    """Return the input without cached tokens, which some tracers leave out."""
    if entry.tokens_in is None:
        return None
    return entry.tokens_in - (entry.tokens_cache_read or 0) - (entry.tokens_cache_write or 0)


def _agree(left: int | None, right: int | None) -> bool:
    """Whether two totals are one. A tracer may write 0 where another writes nothing."""
    return _close(left or None, right or None)


def _close(left: int | None, right: int | None) -> bool:
    if left is None or right is None:
        return True
    return abs(left - right) <= max(_SLACK_TOKENS, _SLACK_SHARE * max(left, right))
