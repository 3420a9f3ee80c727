"""The spans of each trace as a tree, each with what it became."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from backend.explain.decided import DecidedEvent, DecidedSpans
from backend.explain.kept import Keeper
from backend.explain.nouns import Became, Cost, Reading, SpanName, SpanNode, Tokens, TraceTree
from backend.store.accounting import Key
from otel_bridge.conventions import facts_of
from otel_bridge.record import SpanRecord

_UNKNOWN = "no convention knows it"


def traces_of(decided: DecidedSpans) -> list[TraceTree]:
    """Return the traces by their start."""
    keeper = Keeper(decided)
    traces: dict[str, list[SpanRecord]] = defaultdict(list)
    for record in decided.spans.records.values():
        traces[record.trace_id].append(record)
    trees = [_trace(decided, keeper, records) for records in traces.values()]
    return sorted(trees, key=lambda tree: (tree.start_us, tree.trace_id))


def _trace(decided: DecidedSpans, keeper: Keeper, records: Sequence[SpanRecord]) -> TraceTree:
    start_ns = min(record.start_ns for record in records)
    end_ns = max(_end_ns(record) for record in records)
    return TraceTree(
        trace_id=records[0].trace_id,
        start_us=start_ns // 1000,
        duration_us=(end_ns - start_ns) // 1000,
        spans=len(records),
        goes_on_from=_before(decided, records),
        roots=_trees(decided, keeper, sorted(records, key=_start_order)),
    )


def _before(decided: DecidedSpans, records: Iterable[SpanRecord]) -> Key | None:
    """Return the span of another trace from which this one was started, None where none is."""
    for record in sorted(records, key=_start_order):
        above = decided.spans.links.get((record.trace_id, record.span_id))
        if above is not None and above[0] != record.trace_id:
            return above
    return None


def _trees(
    decided: DecidedSpans, keeper: Keeper, records: Sequence[SpanRecord]
) -> tuple[SpanNode, ...]:
    """Return the roots with all below them: from the leaves up, however deep they are."""
    known = {record.span_id for record in records}
    below: dict[str | None, list[SpanRecord]] = defaultdict(list)
    for record in records:
        below[record.parent_span_id if record.parent_span_id in known else None].append(record)
    roots: list[SpanRecord] = []
    order: dict[str, SpanRecord] = {}
    for record in (*below[None], *records):
        if record.span_id not in order:
            # After the roots these are spans that stand above themselves: the first becomes one.
            roots.append(record)
            _walk_down(record, below, order)
    made: dict[str, SpanNode] = {}
    for record in reversed(order.values()):
        children = tuple(made[one.span_id] for one in below[record.span_id] if one.span_id in made)
        made[record.span_id] = _node(decided, keeper, record, children=children, known=known)
    return tuple(made[record.span_id] for record in roots)


def _walk_down(
    root: SpanRecord,
    below: Mapping[str | None, Sequence[SpanRecord]],
    order: dict[str, SpanRecord],
) -> None:
    """Add every span from the root down to the order, each after the span above it."""
    stack = [root]
    while stack:
        record = stack.pop()
        if record.span_id not in order:
            order[record.span_id] = record
            stack.extend(below.get(record.span_id, ()))


def _node(
    decided: DecidedSpans,
    keeper: Keeper,
    record: SpanRecord,
    *,
    children: Sequence[SpanNode],
    known: set[str],
) -> SpanNode:
    key = (record.trace_id, record.span_id)
    events = decided.by_span.get(key, ())
    became = _became(events, keeper) if events else None
    return SpanNode(
        span=SpanName(*key, record.name),
        parent_span_id=record.parent_span_id,
        lost_parent=record.parent_span_id is not None and record.parent_span_id not in known,
        scope=record.scope_name,
        start_us=record.start_ns // 1000,
        duration_us=(_end_ns(record) - record.start_ns) // 1000,
        status=became.status if became else record.status_code,
        became=became,
        silence=None if became else _silence(decided, record),
        children=children,
    )


def _silence(decided: DecidedSpans, record: SpanRecord) -> str:
    """Return why a span became no event."""
    problem = decided.spans.problems.get((record.trace_id, record.span_id))
    if problem is not None:
        return f"refused: {problem}"
    facts = facts_of(record)
    return _UNKNOWN if facts is None else f"{facts.convention}: a placeholder or a copy"


def _became(events: Sequence[DecidedEvent], keeper: Keeper) -> Became:
    """Return what a span became: the last of its events knows most."""
    last = events[-1]
    decision, told = last.decision, last.told
    usd = None if last.cost.nusd is None else Decimal(last.cost.nusd).scaleb(-9)
    return Became(
        event_types=tuple(one.decision.event_type for one in events),
        reading=_reading(last),
        status=decision.status,
        agent=decision.agent if isinstance(decision.agent, str) else None,
        run_id=decision.run_id,
        tool=last.entry.tool,
        provider=told.provider,
        model=told.model,
        tokens=Tokens(*(getattr(told, name) for name in Tokens.__slots__)),
        cost=Cost(usd, last.cost.source, last.cost.version),
        counted=decision.counted,
        set_aside_reason=decision.set_aside_reason,
        kept=keeper.kept_instead(last),
        warnings=tuple((last.row.warnings or "").split()),
    )


def _reading(one: DecidedEvent) -> Reading:
    payload = one.event.payload
    decided_by = payload.get("decided_by")
    return Reading(
        convention=payload.get("convention"),
        decided_by=decided_by if isinstance(decided_by, Mapping) else {},
        usage_basis=payload.get("usage_basis"),
    )


def _end_ns(record: SpanRecord) -> int:
    return max(record.start_ns, record.end_ns or 0)


def _start_order(record: SpanRecord) -> tuple[int, int, str]:
    """Order by start; of spans that began at once the longer first."""
    return (record.start_ns, -_end_ns(record), record.span_id)
