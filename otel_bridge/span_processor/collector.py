"""Turns what waits in the queue into encoded events and links, ready to be sent."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Protocol

from opentelemetry.sdk.trace import ReadableSpan

from otel_bridge.conventions import may_be_known
from otel_bridge.event import Event, SpanLink, compact_json
from otel_bridge.mapping import events_from, link_from, started_event
from otel_bridge.pricing import PriceBook
from otel_bridge.record import SpanRecord
from otel_bridge.span_processor.batch import Batch, batches_of, encoded_event
from otel_bridge.span_processor.complaints import Complaints
from otel_bridge.span_processor.config import BridgeConfig
from otel_bridge.span_processor.lineage import Lineage
from otel_bridge.span_processor.losses import Losses
from otel_bridge.span_processor.sdk_span import (
    Resources,
    link_of,
    record_from,
    scope_name_of,
)

_MAX_AGENTS = 100
_AGENT_EVENTS = frozenset({"run_started", "run_finished", "action_started", "action_finished"})


class Mapper(Protocol):
    """Says which events a span makes."""

    def may_know(self, name: str, scope_name: str, keys: Iterable[str]) -> bool:
        """Whether a span of that name and scope, with these attributes, may make any."""
        ...

    def ended(self, record: SpanRecord) -> tuple[Event, ...]:
        """Return the events of a finished span."""
        ...

    def started(self, record: SpanRecord) -> Event | None:
        """Return the event of a span that has only started, if it makes one."""
        ...


class ConventionMapper:
    """The mapping by the known conventions, with this bridge's settings."""

    def __init__(self, config: BridgeConfig) -> None:
        self._agent = config.agent
        self._capture_content = config.capture_content
        self._prices = PriceBook()

    def may_know(self, name: str, scope_name: str, keys: Iterable[str]) -> bool:
        """Whether a convention may know the span: a quick look, before a record is made of it."""
        return may_be_known(name, scope_name, keys)

    def ended(self, record: SpanRecord) -> tuple[Event, ...]:
        """Return the events of a finished span; none where no convention knows it."""
        return events_from(
            record,
            prices=self._prices,
            default_agent=self._agent,
            capture_content=self._capture_content,
        )

    def started(self, record: SpanRecord) -> Event | None:
        """Return the event of an agent span that has only started; None for any other."""
        return started_event(record, default_agent=self._agent)


class Collector:
    """Collects encoded events and links until `take` hands them over. Used by one thread."""

    def __init__(
        self, mapper: Mapper, *, losses: Losses, complaints: Complaints, max_events: int
    ) -> None:
        self._mapper = mapper
        self._losses = losses
        self._complaints = complaints
        self._max_events = max_events
        self._resources = Resources()
        self._lineage = Lineage()
        self._agents: OrderedDict[str, None] = OrderedDict()
        self._events: list[bytes] = []
        self._links: list[bytes] = []

    @property
    def is_full(self) -> bool:
        """Whether there is enough for one request."""
        return len(self._events) >= self._max_events

    @property
    def agents(self) -> tuple[str, ...]:
        """The agents that this process has run, at most the last hundred."""
        return tuple(self._agents)

    def take(self) -> list[Batch]:
        """Return all that was collected, in batches, and begin again."""
        batches = list(batches_of(self._events, self._links, max_events=self._max_events))
        self._events, self._links = [], []
        return batches

    def add_ended(self, span: ReadableSpan) -> None:
        """Collect the events of a finished span, or remember where it stands."""
        self._contained(lambda: self._ended(span))

    def add_started(self, span: ReadableSpan) -> None:
        """Collect the first event of a span that is still open, if it makes one."""
        # Nothing is lost where this fails: the finished span tells its start once more.
        self._contained(lambda: self._started(span), counted=False)

    def add_event(self, event: Event) -> None:
        """Collect an event that the host made by hand."""
        self._contained(lambda: self._keep((event,), span_id=None))

    def _may_know(self, span: ReadableSpan) -> bool:
        return self._mapper.may_know(span.name, scope_name_of(span), span.attributes or ())

    def _ended(self, span: ReadableSpan) -> None:
        if not self._may_know(span):
            self._pass(link_of(span))
            return
        record = record_from(span, self._resources)
        if events := self._mapper.ended(record):
            self._keep(events, span_id=record.span_id)
            if record.parent_span_id is None and (link := link_from(record)) is not None:
                self._keep_links(self._lineage.leading_on(link))
        else:
            self._pass(link_from(record))

    def _pass(self, link: SpanLink | None) -> None:
        """Remember where a span without events stands."""
        if link is not None:
            self._keep_links(self._lineage.without_events(link))

    def _started(self, span: ReadableSpan) -> None:
        if not self._may_know(span):
            return
        event = self._mapper.started(record_from(span, self._resources))
        if event is not None:
            self._keep((event,), span_id=event.span_id)

    def _keep(self, events: tuple[Event, ...], *, span_id: str | None) -> None:
        # All are encoded before the first is kept: a span is told as a whole or not at all.
        self._events.extend([encoded_event(event) for event in events])
        for event in events:
            if event.agent is not None and event.event_type in _AGENT_EVENTS:
                self._remember(event.agent)
        place = events[0]
        if place.trace_id is not None:
            self._keep_links(
                self._lineage.with_events(place.trace_id, span_id, place.parent_span_id)
            )

    def _keep_links(self, links: list[SpanLink]) -> None:
        self._links.extend(compact_json(link.to_dict()) for link in links)

    def _remember(self, agent: str) -> None:
        self._agents[agent] = None
        self._agents.move_to_end(agent)
        if len(self._agents) > _MAX_AGENTS:
            self._agents.popitem(last=False)

    def _contained(self, step: Callable[[], None], *, counted: bool = True) -> None:
        try:
            step()
        except Exception as error:  # noqa: BLE001 - a span may hold anything; it must not stop the others
            self._complaints.failed("mapping", error)
            if counted:
                self._losses.add("unmappable")
