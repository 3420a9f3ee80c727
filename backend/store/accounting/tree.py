"""The spans of a group of traces, each with its nearest known ancestor."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from backend.store.accounting.entries import PHASE, Entry, Uid
from backend.store.accounting.operations import CALLS, operation_of, told_operation
from backend.store.accounting.order import in_order
from otel_bridge.facts import Operation

#: Trace id and span id.
Key = tuple[str, str]
_AGENTS = frozenset({Operation.AGENT, Operation.WORKFLOW})


@dataclass(slots=True, eq=False)
class Span:
    """A span with its events: an agent span has two, others one."""

    #: The span's place in the tree's mapping.
    key: Key
    parent_span_id: str | None
    operation: str | None
    agent: str | None
    agent_id_hint: int | None
    run_hint: str | None
    delegate: str | None = None
    #: Where the messages began that led here over several traces, none of them an agent's.
    origin: Key | None = None
    entries: list[Entry] = field(default_factory=list)
    parent: Span | None = None
    children: list[Span] = field(default_factory=list)

    @property
    def trace_id(self) -> str:
        """The trace that the span stands in."""
        return self.key[0]

    @property
    def span_id(self) -> str:
        """The span's id within its trace."""
        return self.key[1]

    @property
    def is_agent(self) -> bool:
        """Whether the span runs an agent or a workflow."""
        return self.operation in _AGENTS

    @property
    def may_be_agent(self) -> bool:
        """Whether the span runs an agent, or a loop that may be one."""
        return self.is_agent or self.operation == Operation.LOOP

    @property
    def is_log(self) -> bool:
        """Whether there is no span, and a log record stands in its place."""
        return self.entries[0].is_log

    @property
    def is_call(self) -> bool:
        """Whether the span is a request to a model."""
        return self.operation in CALLS

    @property
    def is_tool(self) -> bool:
        """Whether the span executes a tool."""
        return self.operation == Operation.TOOL

    @property
    def failed(self) -> bool:
        """Whether an event of the span tells a failure."""
        return any(entry.status == "error" for entry in self.entries)

    @property
    def names_agent(self) -> bool:
        """Whether the span is an agent's and says whose."""
        return self.is_agent and (self.agent is not None or self.agent_id_hint is not None)

    @property
    def start_us(self) -> int:
        """When the span began, as far as its events tell."""
        return min(
            entry.created_us if entry.started_us is None else entry.started_us
            for entry in self.entries
        )

    @property
    def end_us(self) -> int | None:
        """When an agent's span ended, None where that is not told yet."""
        ends = (one.created_us for one in self.entries if PHASE.get(one.event_type) == "finished")
        return max(ends, default=None)

    @property
    def carrier(self) -> Entry | None:
        """The event that tells usage, if any does."""
        return next((entry for entry in self.entries if entry.carries_usage), None)

    def ancestors(self) -> Iterator[Span]:
        """Yield the spans above, nearest first."""
        above = self.parent
        while above is not None:
            yield above
            above = above.parent

    def line(self) -> Iterator[Span]:
        """Yield the span itself, then the spans above it."""
        yield self
        yield from self.ancestors()


@dataclass(slots=True)
class Tree:
    """Spans by trace and span id, and by the events that tell them."""

    spans: dict[Key, Span]
    homes: dict[Uid, Span]

    @classmethod
    def of(cls, entries: Iterable[Entry], links: Mapping[Key, Key]) -> Tree:
        """Join events of one span, then spans with their nearest known ancestor."""
        spans: dict[Key, Span] = {}
        homes: dict[Uid, Span] = {}
        for entry in in_order(entries):
            if not entry.is_log and (entry.trace_id is None or entry.span_id is None):
                continue
            key = _span_key(entry, spans)
            span = spans.get(key)
            if span is None:
                span = spans[key] = _new_span(entry, key)
            _enrich(span, entry)
            homes[entry.uid] = span
        _join(spans, links)
        _settle_loops(spans.values())
        return cls(spans, homes)

    def span_of(self, entry: Entry) -> Span | None:
        """Return the span that the entry came from, None where it came from none."""
        return self.homes.get(entry.uid)

    def from_the_top(self) -> Iterator[Span]:
        """Yield every span after its parent."""
        stack = [span for span in self.spans.values() if span.parent is None]
        while stack:
            span = stack.pop()
            yield span
            stack.extend(span.children)


def _join(spans: Mapping[Key, Span], links: Mapping[Key, Key]) -> None:
    """Set the parent and the children of every span."""
    parents: dict[Key, Key | None] = {}
    for key, span in spans.items():
        parents[key], span.origin = _nearest(spans, links, span)
    parents |= dict.fromkeys(_in_cycles(parents))
    for key, above in parents.items():
        spans[key].parent = None if above is None else spans[above]
    for span in [span for span in spans.values() if _is_leaked(span)]:
        span.parent = None
    for span in spans.values():
        if span.parent is not None:
            span.parent.children.append(span)


def _is_leaked(span: Span) -> bool:
    """Whether an agent's span began when the agent above it had ended, in the same process.

    A framework that does not take its context back puts every later run below a dead one.
    """
    if not span.may_be_agent:
        return False
    above = next((one for one in span.ancestors() if one.may_be_agent), None)
    if above is None or above.trace_id != span.trace_id or above.end_us is None:
        return False
    is_same_process = span.entries[0].resource == above.entries[0].resource
    return is_same_process and above.end_us < span.start_us


def _settle_loops(spans: Iterable[Span]) -> None:
    """Make agents of the loops that run tools, and steps of those around a lone call."""
    with_tools = {
        above.key
        for span in spans
        if span.operation == Operation.TOOL
        for above in span.ancestors()
        if above.operation == Operation.LOOP
    }
    for span in spans:
        if span.operation == Operation.LOOP:
            span.operation = Operation.AGENT if span.key in with_tools else Operation.STEP


def _span_key(entry: Entry, spans: Mapping[Key, Span]) -> Key:
    """Return the place of the entry's span.

    An event that was posted by hand with the id of a span of another kind stands below that span.
    What a log record tells has a place of its own, below the span in which it was written.
    """
    trace_id, span_id = entry.trace_id or "", entry.span_id or ""
    if entry.is_log:
        return (trace_id, f"log/{entry.uid.hex()}")
    span = spans.get((trace_id, span_id))
    if span is None or told_operation(entry) or operation_of(entry) == span.operation:
        return (trace_id, span_id)
    return (trace_id, f"{span_id}/{entry.uid.hex()}")


def _new_span(entry: Entry, key: Key) -> Span:
    return Span(
        key,
        parent_span_id=entry.parent_span_id if key[1] == entry.span_id else entry.span_id,
        operation=operation_of(entry),
        agent=entry.agent,
        agent_id_hint=entry.agent_id_hint,
        run_hint=entry.run_hint,
    )


def _enrich(span: Span, entry: Entry) -> None:
    span.entries.append(entry)
    span.parent_span_id = span.parent_span_id or entry.parent_span_id
    span.operation = span.operation or operation_of(entry)
    span.agent = span.agent or entry.agent
    span.agent_id_hint = span.agent_id_hint or entry.agent_id_hint
    span.run_hint = span.run_hint or entry.run_hint
    span.delegate = span.delegate or entry.delegate


def _nearest(
    spans: Mapping[Key, Span], links: Mapping[Key, Key], span: Span
) -> tuple[Key | None, Key | None]:
    """Return the nearest ancestor with events, None at a root or a gap, and the span's origin."""
    last = span.key
    above = links.get(last)
    if span.parent_span_id is not None:
        above = (span.trace_id, span.parent_span_id)
    seen = {last}
    while above is not None and above not in seen:
        if above in spans:
            return above, None
        seen.add(above)
        last, above = above, links.get(above)
    return None, last if last[0] != span.trace_id else None


def _in_cycles(parents: Mapping[Key, Key | None]) -> set[Key]:
    """Return the spans that stand above themselves: broken data, of which each becomes a root."""
    settled: set[Key] = set()
    looping: set[Key] = set()
    for start in parents:
        path: dict[Key, None] = {}
        key: Key | None = start
        while key is not None and key not in settled and key not in path:
            path[key] = None
            key = parents[key]
        if key is not None and key in path:
            walked = list(path)
            looping.update(walked[walked.index(key) :])
        settled.update(path)
    return looping
