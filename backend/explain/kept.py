"""Which spans count instead of one that was set aside."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from backend.explain.decided import DecidedEvent, DecidedSpans
from backend.explain.nouns import SpanName
from backend.store.accounting import SetAside
from backend.store.accounting.tree import Span, Tree

_BELOW_TELL_CALLS = frozenset({SetAside.REPEATS_CALLS_BELOW, SetAside.SAME_CALL_BELOW})


@dataclass(frozen=True)
class Keeper:
    """Finds what counts instead, by the tree that accounting sees."""

    decided: DecidedSpans

    @cached_property
    def _tree(self) -> Tree:
        entries = [one.entry for one in self.decided.events.values()]
        return Tree.of(entries, self.decided.spans.links)

    def kept_instead(self, one: DecidedEvent) -> Sequence[SpanName]:
        """Return the spans whose events count instead, by their start; none where it counts."""
        reason = one.decision.set_aside_reason
        if reason is None:
            return ()
        if one.decision.kept is not None:
            return (self._name(self.decided.events[one.decision.kept]),)
        if reason == SetAside.REPEATS_CALLS_OF_RUN:
            return self._names(self._calls_of_run(one))
        if reason == SetAside.SAME_CALL_ABOVE:
            return self._names(self._around(one))
        return self._names(self._below(one, _tells(reason)))

    def _calls_of_run(self, one: DecidedEvent) -> Iterator[DecidedEvent]:
        run_id = one.decision.run_id
        for other in self.decided.events.values():
            if other.is_counted_call and other.decision.run_id == run_id:
                yield other

    def _around(self, one: DecidedEvent) -> Iterator[DecidedEvent]:
        """Yield the call around a step that repeats it."""
        span = self._tree.span_of(one.entry)
        for above in span.ancestors() if span else ():
            if above.is_call:
                yield self.decided.events[above.entries[0].uid]
                return

    def _below(
        self, one: DecidedEvent, tells: Callable[[DecidedEvent], bool]
    ) -> Iterator[DecidedEvent]:
        """Yield the events below that tell it, and count."""
        span = self._tree.span_of(one.entry)
        stack: list[Span] = list(span.children) if span else []
        while stack:
            below = stack.pop()
            stack.extend(below.children)
            for entry in below.entries:
                other = self.decided.events[entry.uid]
                if other.decision.counted and tells(other):
                    yield other

    def _names(self, found: Iterator[DecidedEvent]) -> Sequence[SpanName]:
        ordered = sorted(found, key=lambda one: (one.entry.created_us, one.entry.span_id or ""))
        return tuple(dict.fromkeys(self._name(one) for one in ordered))

    def _name(self, one: DecidedEvent) -> SpanName:
        key = (one.entry.trace_id or "", one.entry.span_id or "")
        return SpanName(*key, self.decided.spans.records[key].name)


def _tells(reason: str) -> Callable[[DecidedEvent], bool]:
    """Return what an event below must tell to be the one that counts instead."""
    if reason in _BELOW_TELL_CALLS:
        return lambda one: one.is_counted_call
    if reason == SetAside.REPEATS_FAILURE_BELOW:
        return lambda one: one.decision.status == "error"
    return lambda one: one.entry.carries_usage
