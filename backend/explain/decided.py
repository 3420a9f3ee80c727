"""Ingestion in memory: the spans of an export, their events, and what is decided of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from backend.ingest.otlp import BadSpan
from backend.ingest.service import mapped
from backend.store.accounting import (
    Decision,
    Entry,
    Key,
    Told,
    Uid,
    decide,
    identity_of,
    lasting_key,
)
from backend.store.costing import NOTHING_MORE, Cost, cost_of
from backend.store.new_rows import new_row, out_of_range
from backend.store.rows import Row
from otel_bridge.event import Event, SpanLink
from otel_bridge.pricing import PriceBook
from otel_bridge.record import SpanRecord


@dataclass(frozen=True, slots=True)
class DecidedEvent:
    """An event, the row that it would be, and what was decided of it."""

    event: Event
    row: Row
    decision: Decision
    told: Told
    cost: Cost

    @property
    def entry(self) -> Entry:
        """The event as accounting sees it."""
        return self.row.entry

    @property
    def is_counted_call(self) -> bool:
        """Whether it is a model call that counts."""
        return self.decision.counted and self.decision.event_type == "llm_call"


@dataclass(slots=True)
class Spans:
    """Every span once, by its ids; `problems` are those that cannot be stored, and why."""

    records: dict[Key, SpanRecord] = field(default_factory=dict)
    problems: dict[Key, str] = field(default_factory=dict)
    links: dict[Key, Key] = field(default_factory=dict)
    #: Spans without ids or times, by why they are refused.
    refused: Counter[str] = field(default_factory=Counter)
    repeated: int = 0


@dataclass(frozen=True, slots=True)
class DecidedSpans:
    """Spans and their events; an agent's span has two, in the order of their times."""

    spans: Spans
    events: Mapping[Uid, DecidedEvent]
    by_span: Mapping[Key, Sequence[DecidedEvent]]


def decide_spans(spans: Iterable[SpanRecord | BadSpan], book: PriceBook) -> DecidedSpans:
    """Return what ingestion would store of these spans, each as it first could be stored."""
    read = Spans()
    rows: dict[Uid, tuple[Event, Row]] = {}
    for span in spans:
        _read(span, book, read=read, rows=rows)
    decisions = decide([row.entry for _, row in rows.values()], read.links)
    events = {
        uid: _decided(event, row, decision=decisions[uid], book=book)
        for uid, (event, row) in rows.items()
    }
    by_span: dict[Key, list[DecidedEvent]] = {}
    for one in events.values():
        by_span.setdefault((one.entry.trace_id or "", one.entry.span_id or ""), []).append(one)
    return DecidedSpans(read, events, by_span)


def _read(
    span: SpanRecord | BadSpan,
    book: PriceBook,
    *,
    read: Spans,
    rows: dict[Uid, tuple[Event, Row]],
) -> None:
    """Add a span and its events to what was read, as far as they can be stored."""
    if isinstance(span, BadSpan):
        read.refused[span.reason] += 1
        return
    key = (span.trace_id, span.span_id)
    if key in read.records and key not in read.problems:
        read.repeated += 1
        return
    read.problems.pop(key, None)
    read.records[key] = span
    made = mapped(span)
    if isinstance(made, BadSpan):
        read.problems[key] = made.reason
        return
    if made.link is not None:
        read.links[key] = _above(made.link)
    for event in made.events:
        problem = out_of_range(event)
        if problem is not None:
            read.problems[key] = problem
            continue
        uid = identity_of(lasting_key(event.dedupe_key or ""))
        rows.setdefault(uid, (event, new_row(event, uid, book=book).row))


def _above(link: SpanLink) -> Key:
    return (link.parent_trace_id or link.trace_id, link.parent_span_id)


def _decided(event: Event, row: Row, *, decision: Decision, book: PriceBook) -> DecidedEvent:
    told = decision.told or Told.by(row.entry)
    priced = row.priced or NOTHING_MORE
    cost = cost_of(told, priced, book, at_us=row.entry.created_us)
    return DecidedEvent(event, row, decision, told, cost)
