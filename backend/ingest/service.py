"""From parsed events and spans to committed rows."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from backend.ingest.otlp import BadSpan
from backend.ingest.schema import Batch, Invalid
from backend.store import Duplicate, EventStore, Rejected
from otel_bridge.event import Event, SpanLink
from otel_bridge.facts import Usage
from otel_bridge.log_mapping import events_from_log
from otel_bridge.log_record import LogRecord
from otel_bridge.mapping import events_from, link_from
from otel_bridge.pricing import PriceBook
from otel_bridge.record import SpanRecord

_log = logging.getLogger(__name__)

_FUTURE_US = 10 * 60 * 1_000_000
_DAY_US = 24 * 60 * 60 * 1_000_000
#: Spans of a huge request are committed in parts, so that no transaction holds others up for long.
_PART = 2_000


@dataclass(frozen=True, slots=True)
class TimeWindow:
    """When an event may have happened: from `earliest_us` to `latest_us`, Unix microseconds."""

    earliest_us: int
    latest_us: int

    @classmethod
    def around(cls, now_us: int, *, retention_days: int) -> TimeWindow:
        """Return the window of now: what retention keeps (0 keeps all), and ten minutes ahead."""
        earliest_us = now_us - retention_days * _DAY_US if retention_days else 0
        return cls(earliest_us, now_us + _FUTURE_US)

    def problem(self, event: Event) -> str | None:
        """Return why the event's time is not taken, or None."""
        if event.created_at_us > self.latest_us:
            return "created_at is more than 10 minutes in the future"
        if event.created_at_us < self.earliest_us:
            return "created_at is older than what the server keeps"
        return None


@dataclass(slots=True)
class Receipt:
    """What became of a batch: counts, and (index, reason) of what was rejected."""

    submitted: int = 0
    accepted: int = 0
    duplicates: int = 0
    rejected: list[tuple[int, str]] = field(default_factory=list)


def store_batch(
    store: EventStore, owner_id: int, *, batch: Batch, book: PriceBook, window: TimeWindow
) -> Receipt:
    """Commit a JSON batch; bad events are told, the others are stored."""
    receipt = Receipt(submitted=len(batch.events))
    good = list(_good(batch.events, window, receipt))
    _append(store, owner_id, events=good, links=batch.links, book=book, receipt=receipt)
    receipt.rejected.sort()
    return receipt


def _good(
    events: Iterable[Event | Invalid], window: TimeWindow, receipt: Receipt
) -> Iterator[tuple[int, Event]]:
    for index, event in enumerate(events):
        problem = event.reason if isinstance(event, Invalid) else window.problem(event)
        if problem is not None:
            receipt.rejected.append((index, problem))
        elif isinstance(event, Event):
            yield index, event


def store_spans(
    store: EventStore,
    owner_id: int,
    *,
    spans: Sequence[SpanRecord | BadSpan],
    book: PriceBook,
    window: TimeWindow,
    capture_content: bool = False,
) -> Receipt:
    """Commit spans; a span is rejected when any of its events is. Counts of the receipt: spans."""
    receipt = Receipt(submitted=len(spans))
    for start in range(0, len(spans), _PART):
        events: list[tuple[int, Event]] = []
        links: list[SpanLink] = []
        for index, span in enumerate(spans[start : start + _PART], start):
            if isinstance(span, BadSpan):
                receipt.rejected.append((index, span.reason))
                continue
            made = mapped(span, capture_content=capture_content)
            if isinstance(made, BadSpan):
                receipt.rejected.append((index, made.reason))
                continue
            links.extend([made.link] if made.link else [])
            events.extend(_in_window(index, made.events, window, receipt))
        _append(store, owner_id, events=events, links=links, book=book, receipt=receipt)
    receipt.rejected = sorted(dict(reversed(receipt.rejected)).items())
    return receipt


def store_logs(
    store: EventStore,
    owner_id: int,
    *,
    logs: Sequence[LogRecord],
    book: PriceBook,
    window: TimeWindow,
    capture_content: bool = False,
) -> Receipt:
    """Commit what log records tell of calls and tools; the others are accepted and ignored.

    Counts of the receipt: records.
    """
    receipt = Receipt(submitted=len(logs))
    for start in range(0, len(logs), _PART):
        events: list[tuple[int, Event]] = []
        for index, record in enumerate(logs[start : start + _PART], start):
            made = _events_of_log(record, capture_content=capture_content)
            if isinstance(made, BadRecord):
                receipt.rejected.append((index, made.reason))
            else:
                events.extend(_in_window(index, made, window, receipt))
        _append(store, owner_id, events=events, links=(), book=book, receipt=receipt)
    receipt.rejected.sort()
    return receipt


class _NoPrices(PriceBook):
    """Leaves pricing to the store, which knows all that is told of a call."""

    def quote(self, provider: str | None, model: str | None, usage: Usage, *, at: datetime) -> None:
        """Return no quote."""


_NO_PRICES = _NoPrices()


def _events_of(span: SpanRecord, *, capture_content: bool) -> Sequence[Event] | BadSpan:
    """Return the span's events; a value that nothing foresaw spoils this span and no other."""
    try:
        return events_from(span, prices=_NO_PRICES, capture_content=capture_content)
    except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError):
        _log.exception("span %s of trace %s cannot be mapped", span.span_id, span.trace_id)
        return BadSpan("an attribute of the span cannot be read")


@dataclass(frozen=True, slots=True)
class BadRecord:
    """A log record that tells of a call or a tool and cannot be stored, and why."""

    reason: str


def _events_of_log(record: LogRecord, *, capture_content: bool) -> Sequence[Event] | BadRecord:
    """Return the record's events; a value that nothing foresaw spoils this record and no other."""
    try:
        made = events_from_log(record, prices=_NO_PRICES, capture_content=capture_content)
    except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError):
        _log.exception("a log record of scope %r cannot be mapped", record.scope_name)
        return BadRecord("an attribute of the log record cannot be read")
    if made and not record.time_ns:
        return BadRecord("time_unix_nano or observed_time_unix_nano must be set")
    return made


def _in_window(
    index: int, made: Sequence[Event], window: TimeWindow, receipt: Receipt
) -> Iterator[tuple[int, Event]]:
    """Yield a span's events, if the last of them happened when an event may."""
    problem = window.problem(made[-1]) if made else None
    if problem is not None:
        receipt.rejected.append((index, problem))
        return
    for event in made:
        yield index, event


@dataclass(frozen=True, slots=True)
class Mapped:
    """What a span becomes: its events, and what leads on to the span above where that is needed."""

    events: Sequence[Event]
    link: SpanLink | None


def mapped(span: SpanRecord, *, capture_content: bool = False) -> Mapped | BadSpan:
    """Return what a span becomes before it is stored, without prices; or why it cannot be read."""
    events = _events_of(span, capture_content=capture_content)
    if isinstance(events, BadSpan):
        return events
    is_needed = not events or span.parent_span_id is None
    return Mapped(events, link_from(span) if is_needed else None)


def _append(
    store: EventStore,
    owner_id: int,
    *,
    events: Sequence[tuple[int, Event]],
    links: Sequence[SpanLink],
    book: PriceBook,
    receipt: Receipt,
) -> None:
    """Commit (index, event) pairs; write what became of each into the receipt."""
    if not events and not links:
        return
    outcomes = store.append(owner_id, [event for _, event in events], links=links, book=book)
    for (index, _), outcome in zip(events, outcomes, strict=True):
        if isinstance(outcome, Rejected):
            receipt.rejected.append((index, outcome.reason))
        elif isinstance(outcome, Duplicate):
            receipt.duplicates += 1
        else:
            receipt.accepted += 1
