"""An explanation as lines of text, at most a hundred columns wide."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from textwrap import wrap
from typing import NamedTuple

from backend.explain.nouns import Explanation, SpanNode, TraceTree
from backend.explain.phrases import details_of, duration, heading_of, short
from backend.explain.sums import lines_of_totals
from otel_bridge.event import rfc3339

WIDTH = 100

#: A deeper tree loses the left ends of its branches.
_MAX_RAIL = 45
_NAMES_SHOWN = 4
_SHORT_CHARS = 30


class _Branch(NamedTuple):
    """A line of the tree to come: a span, or what is told together, and the rail before it."""

    node: SpanNode | None
    together: Sequence[SpanNode]
    rail: str
    is_last: bool


def lines_of(explanation: Explanation) -> list[str]:
    """Return the lines of every trace, then of the totals."""
    told = [tree for tree in explanation.traces if not _is_silent(tree.roots)]
    silent = [tree for tree in explanation.traces if _is_silent(tree.roots)]
    lines: list[str] = []
    for tree in told:
        lines += [*_lines_of_trace(tree), ""]
    if silent:
        roots = [root for tree in silent for root in tree.roots]
        traces = f"{len(silent)} traces" if len(silent) > 1 else "1 trace"
        lines += [*wrap(f"{traces} of nothing but {_together(roots)}", WIDTH), ""]
    return lines + lines_of_totals(explanation.totals, WIDTH)


def _is_silent(nodes: Iterable[SpanNode]) -> bool:
    """Whether no span among these and below them became an event, or was refused."""
    return all(_is_unknown(one) for node in nodes for one in node.all())


def _is_unknown(node: SpanNode) -> bool:
    return node.became is None and not (node.silence or "").startswith("refused")


def _lines_of_trace(tree: TraceTree) -> Iterator[str]:
    spans = f"{tree.spans} spans" if tree.spans > 1 else "1 span"
    yield f"trace {tree.trace_id} · {spans} · {duration(tree.duration_us)}"
    yield f"  began {rfc3339(tree.start_us)}"
    if tree.goes_on_from is not None:
        trace_id, span_id = tree.goes_on_from
        yield f"  goes on from span {span_id} of trace {trace_id}"
    stack = list(reversed(_branches(tree.roots, "")))
    while stack:
        branch = stack.pop()
        yield from _lines_of_branch(branch)
        if branch.node is not None:
            stack.extend(reversed(_branches(branch.node.children, _rail_below(branch))))


def _branches(nodes: Sequence[SpanNode], rail: str) -> list[_Branch]:
    """Return the branches of one level: spans of which nothing is known come together, last."""
    silent = [node for node in nodes if _is_silent([node])]
    alone = nodes if len(silent) < 2 else [node for node in nodes if not _is_silent([node])]
    branches = [_Branch(node, (), rail, is_last=False) for node in alone]
    if len(silent) > 1:
        branches.append(_Branch(None, silent, rail, is_last=False))
    if branches:
        branches[-1] = branches[-1]._replace(is_last=True)
    return branches


def _rail_below(branch: _Branch) -> str:
    rail = branch.rail + ("   " if branch.is_last else "│  ")
    return rail[-_MAX_RAIL:]


def _lines_of_branch(branch: _Branch) -> Iterator[str]:
    rail = _rail_below(branch)
    first = branch.rail + ("└─ " if branch.is_last else "├─ ")
    if branch.node is None:
        yield from _wrapped(_together(branch.together), first, rail)
        return
    yield from _wrapped(heading_of(branch.node), first, rail)
    stem = rail + ("│  " if branch.node.children else "   ")
    for detail in details_of(branch.node):
        yield from _wrapped(detail, f"{stem} ", f"{stem}   ")


def _wrapped(text: str, first: str, rest: str) -> list[str]:
    """Return the text as lines: the first behind one rail, the others behind another."""
    return wrap(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_on_hyphens=False,
        drop_whitespace=True,
    )


def _together(nodes: Sequence[SpanNode]) -> str:
    """Return how many spans there are here and below, and their most frequent names."""
    spans = [one for node in nodes for one in node.all()]
    names = sorted(
        Counter(short(one.span.name, _SHORT_CHARS) for one in spans).items(),
        key=lambda item: (-item[1], item[0]),
    )
    shown = [name if count == 1 else f"{count} {name}" for name, count in names[:_NAMES_SHOWN]]
    more = [f"{len(names) - _NAMES_SHOWN} more names"] if len(names) > _NAMES_SHOWN else []
    many = f"{len(spans)} spans" if len(spans) > 1 else "1 span"
    return f"{many} without an event: {', '.join([*shown, *more])}"
