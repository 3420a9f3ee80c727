"""Clients that send the same bodies again until each was answered with 200, whatever happens."""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import urllib3

from backend.synthetic import History, profiles
from otel_bridge.event import Event
from tests.e2e.server import Answer, Client

PATH = "/api/obs/ingest/events"

_HOUR_US = 3_600_000_000
#: A client comes back sooner than it is told to, so that more of its requests meet a failure.
_PAUSE_S = 0.05


@dataclass(frozen=True, slots=True)
class Body:
    """A request for the ingest API, and the dedupe keys of its events."""

    data: bytes
    keys: tuple[str, ...]

    @staticmethod
    def of(events: Sequence[Event]) -> Body:
        """Return the request that posts these events."""
        data = json.dumps({"events": [event.to_dict() for event in events]}).encode()
        return Body(data, tuple(event.dedupe_key or "" for event in events))


def events_of_today(count: int, *, seed: int) -> list[Event]:
    """Return about so many events of the last hours, in the order of their runs."""
    end_us = time.time_ns() // 1000
    history = History(end_us - 6 * _HOUR_US, end_us, seed, profiles(8)).scaled_to(count)
    return [event for batch in history.batches(1000) for event in batch]


def cut(events: Sequence[Event], size: int) -> list[Body]:
    """Return the requests that post these events, so many in each; runs are cut anywhere."""
    return [Body.of(events[start : start + size]) for start in range(0, len(events), size)]


@dataclass(frozen=True, slots=True)
class Lane:
    """What one client sends to one server, one request after the other."""

    base_url: str
    bodies: Sequence[Body]


def lanes(base_url: str, sent: Sequence[Body], clients: int) -> list[Lane]:
    """Deal the bodies out to so many clients of one server."""
    return [Lane(base_url, sent[start::clients]) for start in range(clients)]


class Delivery:
    """A client per lane, from entering the block until all is acknowledged at its end.

    Raises `DeliveryError` for an answer that no client should get, or when it takes too long.
    """

    def __init__(self, lanes: Sequence[Lane], key: str, *, within_s: float = 90.0) -> None:
        self._lanes = lanes
        self._key = key
        self._deadline_s = time.monotonic() + within_s
        self._changed = threading.Condition()
        self._threads = [
            threading.Thread(target=self._send_all, args=(lane,), daemon=True) for lane in lanes
        ]
        self._wrong: list[str] = []
        self._acknowledged: list[Body] = []
        #: How often there was no answer, and how often each status but 200.
        self.setbacks: Counter[str] = Counter()

    @property
    def acknowledged(self) -> Iterator[str]:
        """The dedupe keys of what was answered with 200."""
        with self._changed:
            done = list(self._acknowledged)
        return (key for body in done for key in body.keys)

    def wait_for(self, requests: int) -> None:
        """Return when so many requests are acknowledged."""
        with self._changed:
            left_s = self._deadline_s - time.monotonic()
            self._changed.wait_for(
                lambda: self._wrong or len(self._acknowledged) >= requests, left_s
            )
            self._raise_if_wrong(requests)

    def strike(self, times: int, blow: Callable[[], object], rng: random.Random) -> None:
        """Do `blow` so often, at random moments of the delivery."""
        total = sum(len(lane.bodies) for lane in self._lanes)
        for at in sorted(rng.sample(range(1, total - len(self._lanes)), times)):
            self.wait_for(at)
            # Anywhere in the work on the requests that are under way, not right after an answer.
            threading.Event().wait(rng.uniform(0, 0.05))
            blow()

    def __enter__(self) -> Self:
        """Begin to send."""
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Wait until everything is acknowledged; after an error, stop."""
        if exc is not None:
            self._deadline_s = 0.0
        for thread in self._threads:
            thread.join()
        if exc is None:
            with self._changed:
                self._raise_if_wrong(sum(len(lane.bodies) for lane in self._lanes))

    def _raise_if_wrong(self, wanted: int) -> None:
        if self._wrong:
            raise DeliveryError(self._wrong[0])
        if len(self._acknowledged) < wanted:
            done = f"{len(self._acknowledged)} of {wanted} requests acknowledged in time"
            raise DeliveryError(f"{done}; setbacks: {dict(self.setbacks)}")

    def _send_all(self, lane: Lane) -> None:
        with Client(lane.base_url, self._key) as client:
            for body in lane.bodies:
                if not self._send(client, body):
                    return

    def _send(self, client: Client, body: Body) -> bool:
        """Send until it is acknowledged; return False where the delivery is over before."""
        while time.monotonic() < self._deadline_s:
            try:
                answer = client.post(PATH, body.data)
            except urllib3.exceptions.HTTPError:
                setback, wrong = "no answer", None
            else:
                setback, wrong = str(answer.status), _wrong(answer, body)
            with self._changed:
                if wrong:
                    self._wrong.append(wrong)
                elif setback == "200":
                    self._acknowledged.append(body)
                else:
                    self.setbacks[setback] += 1
                self._changed.notify_all()
            if wrong or setback == "200":
                return wrong is None
            threading.Event().wait(_PAUSE_S)
        return False


class DeliveryError(Exception):
    """A client got what it should not, or did not get through."""


def _wrong(answer: Answer, body: Body) -> str | None:
    """Return what is wrong with an answer: only 200 for all events, or 503 and when, is right."""
    if answer.status == 503:
        return None if _says_when(answer) else f"503 without Retry-After: {answer.body}"
    told: Any = answer.body
    if answer.status != 200:
        return f"{answer.status}: {told}"
    taken = told["accepted"] + told["duplicates"]
    return None if taken == len(body.keys) else f"{taken} of {len(body.keys)} taken: {told}"


def _says_when(answer: Answer) -> bool:
    return 1 <= int(answer.headers.get("Retry-After", "0")) <= 3
