"""The background thread between the host's spans and the server, and the queue in front of it."""

from __future__ import annotations

import atexit
import contextlib
import os
import queue
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable

from opentelemetry.sdk.trace import ReadableSpan

from otel_bridge.span_processor.collector import ConventionMapper, Mapper
from otel_bridge.span_processor.complaints import Complaints
from otel_bridge.span_processor.config import BridgeConfig
from otel_bridge.span_processor.delivery import Delivery
from otel_bridge.span_processor.losses import Losses
from otel_bridge.span_processor.rounds import Item, Rounds
from otel_bridge.span_processor.stop import Stop
from otel_bridge.span_processor.transport import HttpTransport, Transport


class Worker:
    """A bounded queue and the one daemon thread that empties it.

    The thread starts with the first span. Whoever submits only appends to the queue; reading
    spans, mapping, encoding and posting all happen on the thread. After a fork the child begins
    with an empty queue and starts a thread of its own when it needs one; what was waiting stays
    the parent's.

    Spans may end in signal handlers and finalizers, in the middle of another span's end. So what
    the host's threads run here takes no lock that the same thread could hold already.
    """

    _closed: bool

    def __init__(
        self,
        config: BridgeConfig,
        *,
        losses: Losses,
        complaints: Complaints,
        transport: Callable[[BridgeConfig], Transport] | None = None,
        mapper: Callable[[BridgeConfig], Mapper] | None = None,
    ) -> None:
        self._config = config
        self._losses = losses
        self._complaints = complaints
        self._new_transport = transport or _http_transport
        self._new_mapper = mapper or ConventionMapper
        self._limit = config.max_queue_size
        self._wake_at = config.max_export_batch_size
        self._begin()
        if hasattr(os, "register_at_fork"):
            begin = weakref.WeakMethod(self._begin_in_child)
            os.register_at_fork(after_in_child=lambda: _call(begin()))

    def submit(self, item: Item) -> bool:
        """Queue one item, from any thread, without waiting; return False where it was lost."""
        if len(self._queue) >= self._limit:
            self._losses.add("queue_full")
            return False
        self._queue.append(item)
        if self._closed:
            self._count_leftovers()
            return False
        if self._thread is None:
            self._start()
        elif len(self._queue) >= self._wake_at and self._wake.empty():
            self._wake.put(None)
        return True

    def note_started(self, span: ReadableSpan) -> None:
        """Remember a span that has just started; the oldest are forgotten without loss."""
        if not self._closed:
            self._started.append(span)
            if self._thread is None:
                self._start()

    def force_flush(self, timeout_s: float) -> bool:
        """Wait until all that was submitted is delivered or counted; False when time runs out."""
        thread = self._thread
        if not self._queue and not self._started and (thread is None or self._closed):
            return True
        if self._closed or thread is threading.current_thread():
            return False
        if thread is None and not self._start():
            self._empty_here(timeout_s)
            return not self._queue
        marker = threading.Event()
        self._queue.append(marker)
        self._wake.put(None)
        if marker.wait(timeout_s):
            return True
        # The thread may be taking it, or another item, from the queue in this moment.
        with contextlib.suppress(ValueError, IndexError):
            self._queue.remove(marker)
        return False

    def shutdown(self, timeout_s: float) -> None:
        """Deliver what is queued within `timeout_s`, count what is left, and take nothing more."""
        if self._closed:
            return
        self._closed = True
        atexit.unregister(self._flush_at_exit)
        if self._exit_deadline is not None:
            timeout_s = min(timeout_s, max(0.0, self._exit_deadline - time.monotonic()))
        if self._thread is None:
            self._empty_here(timeout_s)
        else:
            self._stop.tell(timeout_s)
            self._wake.put(None)
            if self._thread is not threading.current_thread():
                self._thread.join(timeout_s)
        if self._delivery is not None:
            self._delivery.abandon()
        self._count_leftovers()

    @property
    def is_closed(self) -> bool:
        """Whether it was shut down."""
        return self._closed

    def _begin(self, *, closed: bool = False) -> None:
        """Set everything that one process owns."""
        self._queue: deque[Item | threading.Event] = deque()
        self._started: deque[ReadableSpan] = deque(maxlen=self._limit)
        self._starting = threading.Lock()
        self._wake: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._stop = Stop()
        self._thread: threading.Thread | None = None
        self._delivery: Delivery | None = None
        self._closed = closed
        self._exit_deadline: float | None = None

    def _begin_in_child(self) -> None:
        self._losses.reset()
        self._begin(closed=self._closed)

    def _start(self) -> bool:
        """Start the thread if there is none; return False where the interpreter allows none."""
        if not self._starting.acquire(blocking=False):
            # Somebody is at it, perhaps this very thread further up.
            return True
        try:
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="otel-bridge", daemon=True)
                thread.start()
                self._thread = thread
                atexit.register(self._flush_at_exit)
        except RuntimeError:
            # The interpreter is ending; shutdown empties the queue on its own thread.
            return False
        finally:
            self._starting.release()
        return True

    def _flush_at_exit(self) -> None:
        """Deliver what there is; the provider's own exit handler comes later, in the same time."""
        timeout_s = self._config.shutdown_timeout_ms / 1000
        self._exit_deadline = time.monotonic() + timeout_s
        self.force_flush(timeout_s)

    def _run(self) -> None:
        rounds: Rounds | None = None
        delay_s = self._config.schedule_delay_ms / 1000
        while not self._stop.is_told:
            self._sleep(delay_s if rounds is None else min(delay_s, rounds.due_in_s))
            rounds = rounds or self._try_rounds()
            if rounds is not None:
                rounds.run()
        self._run_last(rounds or self._try_rounds())

    def _run_last(self, rounds: Rounds | None) -> None:
        if rounds is not None:
            rounds.run()
            rounds.close()

    def _sleep(self, seconds: float) -> None:
        """Wait that long, or until somebody calls."""
        with contextlib.suppress(queue.Empty):
            self._wake.get(timeout=seconds)
            while True:
                self._wake.get_nowait()

    def _try_rounds(self) -> Rounds | None:
        """Return what the thread does, or None where it cannot be set up (a bad proxy address)."""
        try:
            return self._rounds()
        except Exception as error:  # noqa: BLE001 - tried again later, meanwhile the queue is bounded
            self._complaints.failed("setting up", error)
            return None

    def _empty_here(self, timeout_s: float) -> None:
        """Do the thread's work once on the calling thread."""
        if self._queue or self._started:
            self._stop.tell(timeout_s)
            self._run_last(self._try_rounds())

    def _rounds(self) -> Rounds:
        config = self._config
        self._delivery = Delivery(
            self._new_transport(config),
            losses=self._losses,
            complaints=self._complaints,
            stop=self._stop,
            policy=config.retry,
            timeout_s=config.export_timeout_ms / 1000,
        )
        return Rounds(
            config,
            queue=self._queue,
            started=self._started,
            delivery=self._delivery,
            mapper=self._new_mapper(config),
            losses=self._losses,
            complaints=self._complaints,
            stop=self._stop,
        )

    def _count_leftovers(self) -> None:
        while self._queue:
            try:
                left = self._queue.popleft()
            except IndexError:
                return
            if isinstance(left, threading.Event):
                left.set()
            else:
                self._losses.add("shutdown")


def _http_transport(config: BridgeConfig) -> Transport:
    return HttpTransport(config.endpoint, config.api_key or "")


def _call(function: Callable[[], None] | None) -> None:
    if function is not None:
        function()
