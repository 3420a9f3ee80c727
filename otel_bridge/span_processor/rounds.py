"""What the background thread does each time it wakes."""

from __future__ import annotations

import threading
import time
from collections import deque

from opentelemetry.sdk.trace import ReadableSpan

from otel_bridge.event import Event
from otel_bridge.span_processor.collector import Collector, Mapper
from otel_bridge.span_processor.complaints import Complaints
from otel_bridge.span_processor.config import BridgeConfig
from otel_bridge.span_processor.delivery import Delivery
from otel_bridge.span_processor.heartbeat import Heartbeat, Heartbeats
from otel_bridge.span_processor.losses import Losses
from otel_bridge.span_processor.stop import Stop

#: What the host may put into the queue.
Item = ReadableSpan | Event | Heartbeat

_SETTLED_AFTER_NS = 1_000_000_000


class Rounds:
    """What the thread does each time it wakes: empty the queue, post, give signs of life."""

    def __init__(
        self,
        config: BridgeConfig,
        *,
        queue: deque[Item | threading.Event],
        started: deque[ReadableSpan],
        delivery: Delivery,
        mapper: Mapper,
        losses: Losses,
        complaints: Complaints,
        stop: Stop,
    ) -> None:
        self._queue = queue
        self._started = started
        self._delivery = delivery
        self._complaints = complaints
        self._stop = stop
        self._agents = (config.agent,) if config.agent else None
        self._collector = Collector(
            mapper, losses=losses, complaints=complaints, max_events=config.max_export_batch_size
        )
        self._heartbeats = Heartbeats(
            delivery,
            losses=losses,
            complaints=complaints,
            interval_s=config.heartbeat_interval_s,
        )

    @property
    def due_in_s(self) -> float:
        """Seconds until a heartbeat is due."""
        return self._heartbeats.due_in_s

    def close(self) -> None:
        """Give back what the rounds held; there is no round after it."""
        self._delivery.close()

    def run(self) -> None:
        """Do one round; whatever goes wrong in it is logged and does not end the thread."""
        try:
            self._deliver_some()
            while self._queue:
                self._deliver_some()
        except Exception as error:  # noqa: BLE001 - a thread that dies would silence every later span
            self._complaints.failed("the background thread", error)

    def _deliver_some(self) -> None:
        """Collect about one batch and send it, tell those who wait for it, give a sign of life."""
        waiting: list[threading.Event] = []
        try:
            self._collect_queued(waiting)
            self._collect_started(all_ages=bool(waiting) or self._stop.is_told)
            for batch in self._collector.take():
                self._delivery.send(batch)
        finally:
            for marker in waiting:
                marker.set()
        if not self._stop.is_told:
            self._heartbeats.send_due(self._agents or self._collector.agents)

    def _collect_queued(self, waiting: list[threading.Event]) -> None:
        while self._queue and not waiting and not self._collector.is_full:
            try:
                item = self._queue.popleft()
            except IndexError:
                return
            if isinstance(item, threading.Event):
                waiting.append(item)
            elif isinstance(item, Event):
                self._collector.add_event(item)
            elif isinstance(item, Heartbeat):
                self._heartbeats.send(item)
            else:
                self._collector.add_ended(item)

    def _collect_started(self, *, all_ages: bool) -> None:
        """Collect the starts of spans that are still open, but not of those just started.

        Many tracers name the agent only after they started its span.
        """
        now_ns = time.time_ns()
        for _ in range(len(self._started)):
            span = self._started.popleft()
            if span.end_time is not None or span.start_time is None:
                continue
            if all_ages or now_ns - span.start_time >= _SETTLED_AFTER_NS:
                self._collector.add_started(span)
            else:
                self._started.append(span)
