"""Signs of life: who is alive, when the next sign is due, and how it is posted."""

from __future__ import annotations

import math
import os
import socket
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from otel_bridge.event import Event, compact_json, micros
from otel_bridge.span_processor.batch import Batch, encoded_event
from otel_bridge.span_processor.complaints import Complaints
from otel_bridge.span_processor.delivery import Delivery
from otel_bridge.span_processor.losses import Losses
from otel_bridge.span_processor.version import VERSION

HEARTBEAT_PATH = "/api/obs/ingest/heartbeat"


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """A sign of life of one agent, named by its name or its id."""

    agent: str | None = None
    agent_id: int | None = None
    status: str = "alive"
    metadata: Mapping[str, Any] = field(default_factory=dict)


class Heartbeats:
    """Posts heartbeats: for each agent once per interval, or as asked. Used by one thread."""

    def __init__(
        self,
        delivery: Delivery,
        *,
        losses: Losses,
        complaints: Complaints,
        interval_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._delivery = delivery
        self._losses = losses
        self._complaints = complaints
        self._interval_s = interval_s
        self._clock = clock
        self._due_at = clock() if interval_s else math.inf

    @property
    def due_in_s(self) -> float:
        """Seconds until the next heartbeat is due; infinite where heartbeats are off."""
        return max(0.0, self._due_at - self._clock())

    def send_due(self, agents: Iterable[str]) -> None:
        """Post one heartbeat per agent if it is time; without any agent it stays due."""
        if self._clock() < self._due_at:
            return
        for agent in agents:
            self._due_at = self._clock() + self._interval_s
            if not self.send(Heartbeat(agent=agent)):
                # A server that cannot be reached is not asked again for every other agent.
                break

    def send(self, heartbeat: Heartbeat) -> bool:
        """Post one heartbeat; return whether the server could be reached.

        One that fails is not repeated: the next one tells the same.
        """
        body: dict[str, Any] = {
            "status": heartbeat.status,
            "metadata": {**self._about_this_process(), **heartbeat.metadata},
        }
        if heartbeat.agent_id is not None:
            body["agent_id"] = heartbeat.agent_id
        else:
            body["agent"] = heartbeat.agent
        answer = self._delivery.post(HEARTBEAT_PATH, compact_json(body))
        if answer.status == 404 and heartbeat.agent_id is None:
            # The server has not met this agent: an event makes it known, and is a heartbeat too.
            self._introduce(heartbeat, body["metadata"])
        elif not answer.is_success:
            why = answer.error or answer.body[:300].decode("utf-8", "replace")
            self._complaints.warn("heartbeat", f"heartbeat not taken ({answer.status}): {why}")
        return answer.status is not None

    def _introduce(self, heartbeat: Heartbeat, metadata: Mapping[str, Any]) -> None:
        event = Event(
            event_type="heartbeat",
            created_at_us=micros(datetime.now(UTC)),
            agent=heartbeat.agent,
            payload={"status": heartbeat.status, "metadata": metadata},
        )
        self._delivery.send(Batch((encoded_event(event),)))

    def _about_this_process(self) -> dict[str, Any]:
        return {
            "losses": self._losses.snapshot(),
            "sdk_version": VERSION,
            "pid": os.getpid(),
            "host": socket.gethostname(),
        }
