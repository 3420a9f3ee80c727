"""Brings batches to the server: one request after the other, as the retry decision says."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from otel_bridge.span_processor.batch import Batch
from otel_bridge.span_processor.complaints import Complaints
from otel_bridge.span_processor.losses import Losses, Reason
from otel_bridge.span_processor.retry import GiveUp, RetryPolicy, Split, decide
from otel_bridge.span_processor.stop import Stop
from otel_bridge.span_processor.transport import Answer, Transport

EVENTS_PATH = "/api/obs/ingest/events"

_HINTS = {
    301: "the server is at another address: mend OBS_ENDPOINT",
    302: "the server is at another address: mend OBS_ENDPOINT",
    307: "the server is at another address: mend OBS_ENDPOINT",
    308: "the server is at another address: mend OBS_ENDPOINT",
    401: "the server does not know this API key: check OBS_API_KEY",
    403: "this API key may not post events: it needs the scope `ingest`",
    404: "there is no ingest API at this address: check OBS_ENDPOINT",
}


@dataclass(frozen=True, slots=True)
class _Lost:
    reason: Reason
    count: int


class Delivery:
    """Sends batches until they are taken or given up; what is given up is counted."""

    def __init__(
        self,
        transport: Transport,
        *,
        losses: Losses,
        complaints: Complaints,
        stop: Stop,
        policy: RetryPolicy,
        timeout_s: float,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._transport = transport
        self._losses = losses
        self._complaints = complaints
        self._stop = stop
        self._policy = policy
        self._timeout_s = timeout_s
        self._jitter = jitter
        self._lock = threading.Lock()
        self._in_flight = 0
        self._abandoned = False
        self._had_last_request = False

    def send(self, batch: Batch) -> None:
        """Bring one batch to the server; return when each event of it is taken or counted lost."""
        if not self._begin(len(batch.events)):
            return
        parts = [batch]
        while parts:
            part = parts.pop()
            outcome = self._outcome(part)
            if isinstance(outcome, Split):
                if len(part.events) > 1:
                    parts.extend(reversed(part.halves()))
                    continue
                outcome = _Lost("too_large", len(part.events))
            self._settle(len(part.events), outcome)

    def post(self, path: str, body: bytes) -> Answer:
        """Return the answer to one request that nobody repeats."""
        return self._transport.post(path, body, timeout_s=self._request_timeout_s())

    def close(self) -> None:
        """Give the connections back when nothing more is to be sent."""
        self._transport.close()

    def abandon(self) -> None:
        """Count what is on its way as lost by shutdown: nobody waits for it any longer."""
        with self._lock:
            self._stop.declare_over()
            if not self._abandoned:
                self._abandoned = True
                self._losses.add("shutdown", self._in_flight)

    def _begin(self, count: int) -> bool:
        """Take charge of `count` events; return False where it is too late for them."""
        with self._lock:
            if self._abandoned:
                self._losses.add("shutdown", count)
                return False
            self._in_flight = count
            return True

    def _settle(self, count: int, lost: _Lost | None) -> None:
        """Let go of `count` events. After `abandon` they are counted already."""
        with self._lock:
            if self._abandoned:
                return
            self._in_flight -= count
            if lost is not None:
                self._losses.add(lost.reason, lost.count)

    def _outcome(self, batch: Batch) -> Split | _Lost | None:
        """Return None when the server took the whole batch, else what became of it."""
        body = batch.body()
        attempt = 0
        while self._stop.remaining_s > 0:
            attempt += 1
            answer = self.post(EVENTS_PATH, body)
            if answer.is_success:
                return self._refused(answer, batch)
            decision = decide(
                answer.status,
                answer.retry_after_s,
                attempt=attempt,
                jitter=self._jitter(),
                policy=self._policy,
            )
            self._complain(answer, attempt)
            if isinstance(decision, Split):
                return decision
            if isinstance(decision, GiveUp):
                return _Lost(decision.reason, len(batch.events))
            if not self._may_repeat(decision.after_s):
                break
        return _Lost("shutdown", len(batch.events))

    def _may_repeat(self, after_s: float) -> bool:
        """Wait before the next request; return False where there is no time for one.

        When the process ends, a wait that is too long is replaced by one last request at once.
        """
        if not self._stop.wait(after_s):
            return True
        if self._had_last_request:
            return False
        if after_s < self._stop.remaining_s:
            self._stop.linger(after_s)
        else:
            self._had_last_request = True
        return True

    def _refused(self, answer: Answer, batch: Batch) -> _Lost | None:
        """Return the events that the server took the batch without, if any."""
        try:
            said: Any = json.loads(answer.body)
        except ValueError:
            said = None
        if not isinstance(said, dict):
            self._complaints.warn("answer", "what answers at OBS_ENDPOINT is no ingest API")
            return _Lost("rejected", len(batch.events))
        rejected = said.get("rejected")
        if not isinstance(rejected, list) or not rejected:
            return None
        first = rejected[0].get("reason") if isinstance(rejected[0], dict) else rejected[0]
        self._complaints.warn(
            "rejected", f"the server rejected {len(rejected)} events, the first because: {first}"
        )
        return _Lost("rejected", len(rejected))

    def _request_timeout_s(self) -> float:
        # urllib3 takes no timeout of 0.
        return max(0.001, min(self._timeout_s, self._stop.remaining_s))

    def _complain(self, answer: Answer, attempt: int) -> None:
        if answer.status is None:
            what = f"cannot reach the server ({answer.error})"
        else:
            hint = _HINTS.get(answer.status) or answer.body[:300].decode("utf-8", "replace")
            what = f"the server answered {answer.status}: {hint}"
        self._complaints.warn(f"delivery {answer.status}", f"{what} (request {attempt})")
