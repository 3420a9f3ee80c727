"""Which run and which agent an event belongs to, and whether its span is a run or an action."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from backend.store.accounting.entries import PHASE, AgentRef, Entry
from backend.store.accounting.order import in_order
from backend.store.accounting.tree import Key, Span, Tree
from otel_bridge.event import run_id_of
from otel_bridge.facts import Operation

_RETYPED = {
    ("run", "started"): "run_started",
    ("run", "finished"): "run_finished",
    ("action", "started"): "action_started",
    ("action", "finished"): "action_finished",
}
_MAY_BE_RUN = frozenset({Operation.AGENT, Operation.WORKFLOW, Operation.LOOP})


class Place(Struct, frozen=True):
    """Where an event belongs, and as what."""

    event_type: str
    run_id: str | None
    agent: AgentRef | None


def place(tree: Tree, entries: Sequence[Entry]) -> list[Place]:
    """Return the place of each entry, in their order."""
    runs = _Runs.of(tree)
    owners = _run_agents(tree, runs, entries)
    return [_place_of(entry, tree, runs, owners) for entry in entries]


class _Runs(Struct, frozen=True):
    """The run of each span, by its outermost agent span, and the id of each run by that span."""

    roots: Mapping[Key, Span]
    ids: Mapping[Key, str]

    @classmethod
    def of(cls, tree: Tree) -> _Runs:
        """Return the runs of a tree; an id is derived from the span where none was sent."""
        roots = _run_roots(tree)
        distinct = {root.key: root for root in roots.values()}
        return cls(roots, {key: root.run_hint or run_id_of(*key) for key, root in distinct.items()})

    def run_of(self, entry: Entry, span: Span | None) -> tuple[Span | None, str | None]:
        """Return the outermost agent span above an event, and the id of its run."""
        root = self.roots.get(span.key) if span else None
        return root, self.ids[root.key] if root else entry.run_hint


def _place_of(
    entry: Entry, tree: Tree, runs: _Runs, owners: Mapping[str | None, AgentRef]
) -> Place:
    span = tree.span_of(entry)
    root, run_id = runs.run_of(entry, span)
    agent = _named_agent(entry, span)
    if agent is None:
        agent = owners.get(run_id, entry.default_agent)
    return Place(_decided_type(entry, span, root), run_id, agent)


def _run_roots(tree: Tree) -> dict[Key, Span]:
    """Return the outermost agent span at or above each span, where there is one.

    Under a wrapper without a name the agents are one run, that of the first: the others took over
    from it.
    """
    leaders, first = _leaders(tree), _first_of_conversations(tree)
    roots: dict[Key, Span] = {}
    for span in tree.from_the_top():
        above = roots.get(span.parent.key) if span.parent else first.get(_conversation(span))
        root = above or leaders.get(span.key) or (span if span.is_agent else None)
        if root is not None:
            roots[span.key] = root
    return roots


def _conversation(span: Span) -> Key:
    """Return where the messages began by which agents speak; the span itself for any other."""
    return span.origin or span.key


def _first_of_conversations(tree: Tree) -> dict[Key, Span]:
    """Return the first agent of those that speak by messages over several traces."""
    first: dict[Key, Span] = {}
    for span in tree.spans.values():
        if span.origin is not None and span.is_agent:
            first[span.origin] = min(first.get(span.origin, span), span, key=_start_order)
    return first


def _leaders(tree: Tree) -> dict[Key, Span]:
    """Return the first of the named agents below each agent span that has no name itself."""
    leaders: dict[Key, Span] = {}
    for span in tree.spans.values():
        if not span.names_agent:
            continue
        for above in span.ancestors():
            if above.is_agent and not above.names_agent:
                leaders[above.key] = min(leaders.get(above.key, span), span, key=_start_order)
    return leaders


def _start_order(span: Span) -> tuple[int, str]:
    return (span.start_us, span.span_id)


def _named_agent(entry: Entry, span: Span | None) -> AgentRef | None:
    """Return the agent that the client gave, else the nearest agent span, else the event.

    Below a tool that hands over to an agent without a span it is that agent.
    """
    if entry.agent_id_hint is not None:
        return entry.agent_id_hint
    named: list[Span] = []
    for above in span.line() if span else ():
        if above.delegate is not None and above is not span and not named:
            return above.delegate
        if above.names_agent:
            named.append(above)
    if named and named[0] is not span:
        named.sort(key=lambda above: above.operation != Operation.AGENT)
    if named:
        nearest = named[0]
        return nearest.agent if nearest.agent_id_hint is None else nearest.agent_id_hint
    return entry.agent


def _run_agents(tree: Tree, runs: _Runs, entries: Sequence[Entry]) -> dict[str | None, AgentRef]:
    """Return the agent of each run, for events that name none and have no span above them."""
    owners: dict[str | None, AgentRef] = {}
    ends = [one for one in entries if one.event_type in ("run_started", "run_finished")]
    for entry in in_order(ends):
        span = tree.span_of(entry)
        root, run_id = runs.run_of(entry, span)
        agent = _named_agent(entry, root or span)
        if run_id is not None and agent is not None:
            owners.setdefault(run_id, agent)
    return owners


def _decided_type(entry: Entry, span: Span | None, root: Span | None) -> str:
    """Return the type: an agent span is a run or an action by its place, others stay."""
    phase = PHASE.get(entry.event_type)
    if phase is None or entry.operation not in _MAY_BE_RUN or span is None:
        return entry.event_type
    return _RETYPED["run" if span is root else "action", phase]
