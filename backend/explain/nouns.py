"""What an explanation consists of. Times are Unix microseconds, money USD."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class SpanName:
    """A span, as another one refers to it."""

    trace_id: str
    span_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens of a call, or of many. Input includes the cached and written, output the reasoning."""

    tokens_in: int | None = None
    tokens_out: int | None = None
    tokens_cache_read: int | None = None
    tokens_cache_write: int | None = None
    tokens_reasoning: int | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """Which conventions read the span.

    `convention` decided what the span did, `decided_by` names the one behind each other fact.
    """

    convention: str | None
    decided_by: Mapping[str, str]
    usage_basis: str | None


@dataclass(frozen=True, slots=True)
class Cost:
    """What a call cost; None where nothing tells it."""

    usd: Decimal | None
    source: str | None
    price_version: str | None


@dataclass(frozen=True, slots=True)
class Became:
    """The event of a span, or the two of an agent's, and what was decided of it.

    `kept` are the spans that count instead of one that was set aside.
    """

    event_types: Sequence[str]
    reading: Reading
    status: str
    agent: str | None
    run_id: str | None
    tool: str | None
    provider: str | None
    model: str | None
    tokens: Tokens
    cost: Cost
    counted: bool
    set_aside_reason: str | None
    kept: Sequence[SpanName]
    warnings: Sequence[str]


@dataclass(frozen=True, slots=True)
class SpanNode:
    """A span with the spans below it.

    Where it became nothing, `silence` says why. `lost_parent` is a parent that was not exported.
    """

    span: SpanName
    parent_span_id: str | None
    lost_parent: bool
    scope: str
    start_us: int
    duration_us: int
    status: str
    became: Became | None
    silence: str | None
    children: Sequence[SpanNode]

    def all(self) -> Iterator[SpanNode]:
        """Yield the span and all below it, each before the spans below it, by their start."""
        stack = [self]
        while stack:
            node = stack.pop()
            yield node
            stack.extend(reversed(node.children))


@dataclass(frozen=True, slots=True)
class TraceTree:
    """A trace. `goes_on_from` is the span of another trace from which it was started."""

    trace_id: str
    start_us: int
    duration_us: int
    spans: int
    goes_on_from: tuple[str, str] | None
    roots: Sequence[SpanNode]


@dataclass(frozen=True, slots=True)
class RunCounts:
    """Runs of one agent, by how they ended."""

    success: int = 0
    error: int = 0
    running: int = 0


@dataclass(frozen=True, slots=True)
class Totals:
    """What the events that count add up to, and what was set aside, doubted and refused."""

    spans: int
    spans_silent: int
    spans_repeated: int
    calls: int
    calls_failed: int
    calls_unpriced: int
    tokens: Tokens
    cost_usd: Decimal
    tools: int
    tools_failed: int
    runs: Mapping[str, RunCounts]
    set_aside: Mapping[str, int]
    warnings: Mapping[str, int]
    rejected: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Traces by their start, and their totals."""

    traces: Sequence[TraceTree]
    totals: Totals
