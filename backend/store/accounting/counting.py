"""Whose usage counts: each model call once, though several spans tell it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from backend.store.accounting.copies import Copies, find_copies, last_of, richest_first
from backend.store.accounting.entries import Entry, SetAside, Told, Uid
from backend.store.accounting.executions import find_executions
from backend.store.accounting.merging import told_together
from backend.store.accounting.placement import Place
from backend.store.accounting.tree import Key, Span, Tree
from otel_bridge.facts import Operation


@dataclass(frozen=True, slots=True)
class Count:
    """What does not count, with its reason, and where the calls that count belong.

    `kept` is the event that counts instead, of one call or execution that several tell; `told` is
    what they tell together, by the event that counts.
    """

    aside: Mapping[Uid, SetAside]
    placed: Sequence[Place]
    kept: Mapping[Uid, Uid]
    told: Mapping[Uid, Told]


def count(tree: Tree, entries: Sequence[Entry], placed: Sequence[Place]) -> Count:
    """Return whose usage counts.

    A call that counts belongs to the run and agent of a copy of it, where it has none of its own.
    """
    aside: dict[Uid, SetAside] = {}
    copies: Copies = {}
    calls = [span for span in tree.from_the_top() if span.is_call]
    standing: dict[Key, list[Span]] = {}
    for span in reversed(calls):
        standing[span.key] = _set_aside_nested(span, standing, aside, copies)
    _set_aside_echoes(calls, aside)
    found = find_copies(calls, aside, copies)
    found |= find_executions(span for span in tree.spans.values() if span.is_tool)
    aside |= {uid: reason for uid, (_, reason) in found.items()}
    copies |= {uid: kept for uid, (kept, _) in found.items()}
    placed = _adopt_places(entries, placed, copies)
    _set_aside_totals(tree, aside)
    _set_aside_run_totals(tree, entries, placed, aside)
    _set_aside_failures(tree, entries, placed, aside)
    kept = {entry.uid: last_of(entry, copies).uid for entry in entries if entry.uid in copies}
    return Count(aside, placed, kept, told_together(entries, copies))


def _adopt_places(entries: Sequence[Entry], placed: Sequence[Place], copies: Copies) -> list[Place]:
    """Give a call without a run the run and agent of the copy that has one."""
    if not copies:
        return list(placed)
    adopted: dict[Uid, Place] = {}
    for entry, place in sorted(zip(entries, placed, strict=True), key=_by_span):
        if place.run_id is not None and entry.uid in copies:
            adopted.setdefault(last_of(entry, copies).uid, place)
    return [
        replace(place, run_id=adopted[entry.uid].run_id, agent=adopted[entry.uid].agent)
        if place.run_id is None and entry.uid in adopted
        else place
        for entry, place in zip(entries, placed, strict=True)
    ]


def _by_span(pair: tuple[Entry, Place]) -> tuple[str, str]:
    entry, _ = pair
    return (entry.trace_id or "", entry.span_id or "")


def _put_aside(span: Span, reason: SetAside, aside: dict[Uid, SetAside]) -> None:
    """Set aside the span's call, or the usage that an agent span tells at its end."""
    for entry in span.entries:
        if span.is_call or entry.carries_usage:
            aside.setdefault(entry.uid, reason)


def _set_aside_nested(
    span: Span,
    standing: Mapping[Key, list[Span]],
    aside: dict[Uid, SetAside],
    copies: Copies,
) -> list[Span]:
    """Keep one of the call spans that stand in each other: the innermost that knows its usage.

    Of two that tell the same tokens the richer is kept. `standing` are those that are kept of each
    call below; those of this one are returned.
    """
    inner = list(_calls_within(span, standing))
    is_one = len(inner) == 1
    is_richest = is_one and _is_richer(span, inner[0])
    if not is_richest and inner and (span.carrier is None or any(call.carrier for call in inner)):
        _put_aside(span, SetAside.SAME_CALL_BELOW, aside)
        if is_one:
            copies[span.entries[0].uid] = inner[0].entries[0]
        return inner
    for call in inner:
        _put_aside(call, SetAside.SAME_CALL_ABOVE, aside)
        copies[call.entries[0].uid] = span.entries[0]
    return [span]


def _is_richer(outer: Span, inner: Span) -> bool:
    """Whether the outer span tells the same tokens and more beside them."""
    one, other = outer.entries[0], inner.entries[0]
    same = (one.tokens_in, one.tokens_out) == (other.tokens_in, other.tokens_out)
    return same and bool(one.tokens_in) and richest_first(one)[:-2] < richest_first(other)[:-2]


def _calls_within(span: Span, standing: Mapping[Key, list[Span]]) -> Iterator[Span]:
    """Yield the calls below that may be the same call: no tool and no agent stands between.

    A log is told by what it says: the span in which it was written may be another call's.
    """
    stack = [below for below in span.children if not below.is_log]
    while stack:
        below = stack.pop()
        if below.operation == span.operation:
            yield from standing[below.key]
        elif not below.is_agent and below.operation != Operation.TOOL:
            stack.extend(below.children)


def _set_aside_echoes(calls: Iterable[Span], aside: dict[Uid, SetAside]) -> None:
    """Set aside the usage that a step inside a call repeats from it."""
    for span in calls:
        if span.carrier is None:
            continue
        stack = list(span.children)
        while stack:
            below = stack.pop()
            if below.is_agent or below.is_call or below.operation == Operation.TOOL:
                continue
            if below.carrier is not None:
                _put_aside(below, SetAside.SAME_CALL_ABOVE, aside)
            stack.extend(below.children)


def _set_aside_totals(tree: Tree, aside: dict[Uid, SetAside]) -> None:
    """Set aside what an agent, a workflow or a step repeats from below."""
    carriers = [span for span in tree.spans.values() if span.carrier is not None]
    over_calls = _keys_above(span for span in carriers if span.is_call)
    over_usage = _keys_above(carriers)
    for span in carriers:
        if span.is_call:
            continue
        if span.key in over_calls:
            _put_aside(span, SetAside.REPEATS_CALLS_BELOW, aside)
        elif span.key in over_usage:
            _put_aside(span, SetAside.REPEATS_USAGE_BELOW, aside)


def _keys_above(spans: Iterable[Span]) -> set[Key]:
    """Return the keys of all spans that stand above one of `spans`."""
    above: set[Key] = set()
    for span in spans:
        for ancestor in span.ancestors():
            if ancestor.key in above:
                break
            above.add(ancestor.key)
    return above


def _set_aside_run_totals(
    tree: Tree,
    entries: Sequence[Entry],
    placed: Sequence[Place],
    aside: dict[Uid, SetAside],
) -> None:
    """Set aside the total of a run, or of an action without a span, beside what it adds up."""
    carriers = [
        (entry, place)
        for entry, place in zip(entries, placed, strict=True)
        if place.run_id is not None and entry.carries_usage
    ]
    with_calls = {
        place.run_id
        for entry, place in carriers
        if entry.event_type == "llm_call" and entry.uid not in aside
    }
    with_actions = {
        place.run_id
        for entry, place in carriers
        if place.event_type == "action_finished" and entry.uid not in aside
    }
    for entry, place in carriers:
        is_run = place.event_type == "run_finished"
        is_loose = place.event_type == "action_finished" and tree.span_of(entry) is None
        if (is_run or is_loose) and place.run_id in with_calls:
            aside.setdefault(entry.uid, SetAside.REPEATS_CALLS_OF_RUN)
        elif is_run and place.run_id in with_actions:
            aside.setdefault(entry.uid, SetAside.REPEATS_USAGE_BELOW)


def _set_aside_failures(
    tree: Tree,
    entries: Sequence[Entry],
    placed: Sequence[Place],
    aside: dict[Uid, SetAside],
) -> None:
    """Set aside the failure of a step or a nested agent that a deeper event tells."""
    over_failures = _keys_above(span for span in tree.spans.values() if span.failed)
    for entry, place in zip(entries, placed, strict=True):
        span = tree.span_of(entry)
        repeats = span is not None and span.key in over_failures
        is_step = place.event_type == "action_finished" and not entry.carries_usage
        if repeats and is_step and entry.status == "error":
            aside.setdefault(entry.uid, SetAside.REPEATS_FAILURE_BELOW)
