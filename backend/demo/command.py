"""The work of `otel-bridge demo`."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NoReturn

from openai import OpenAI
from opentelemetry.instrumentation.genai.openai import OpenAIInstrumentor

import otel_bridge
from backend.demo.agents import run_round
from backend.demo.endpoint import live_client, live_models, scripted_client
from backend.demo.home import Home, Owner, create_owner, prepare_home, running_backend
from backend.demo.model_server import ModelServer
from backend.demo.overview import Api, Sums, read_overview, recorded, served
from backend.demo.report import comparison, outcome_line, overview_table, places
from otel_bridge.errors import OtelBridgeError

DEFAULT_FOLDER = "otel-bridge-demo"

_PAUSE_S = 5.0


@dataclass(frozen=True, slots=True)
class Demo:
    """A demo under way: the backend and its owner, the agents' client and its model server.

    `server` is None where the agents talk to the user's own model server.
    """

    home: Home
    owner: Owner
    client: OpenAI
    model: str | None
    server: ModelServer | None
    started_on: date
    flush: Callable[[], bool]


def run(*, port: int, once: bool) -> int:
    """Run the demo until Ctrl-C, or one round of it; return the exit code.

    0: it did what it should, 1: it could not start or a number was wrong, 130: interrupted before
    its only round was over. Reads OPENAI_API_KEY, OPENAI_BASE_URL, OPENAI_MODEL and OBS_DEMO_DIR.
    """
    try:
        with _interruptible():
            return _demonstrate(port=port, once=once)
    except KeyboardInterrupt:
        _say("stopped")
        return 130 if once else 0
    except OtelBridgeError as error:
        sys.stderr.write(f"otel-bridge demo: {error}\n")
        return 1


def _demonstrate(*, port: int, once: bool) -> int:
    with ExitStack() as stack:
        demo = _start(stack, port=port)
        rows = _round(demo, number=1)
        _say(f"\n{overview_table(rows)}\n")
        agrees = _compare(demo, rows)
        _say(f"\n{places(demo.home, demo.owner, running=not once)}\n")
        if not once:
            _go_on(demo)
    return 0 if agrees else 1


def _start(stack: ExitStack, *, port: int) -> Demo:
    """Start everything, in the order in which it depends on each other; `stack` stops it again."""
    models = live_models(os.environ)
    home = prepare_home(Path(os.environ.get("OBS_DEMO_DIR") or DEFAULT_FOLDER), port)
    _say(f"starting the backend on {home.base_url} (database {home.database_file})")
    stack.enter_context(running_backend(home))
    owner = create_owner(home)
    _say(f"created the account {owner.email} and its keys")
    if models is None:
        server = stack.enter_context(ModelServer())
        client = stack.enter_context(scripted_client(server.base_url))
        _say(f"agents talk to the scripted model server on {server.base_url}")
    else:
        server = None
        client = stack.enter_context(live_client(models))
        _say(f"agents talk to {models.base_url}")
    flush = stack.enter_context(_tracing(home, owner))
    model = models.model if models else None
    return Demo(home, owner, client, model, server, _today(), flush)


@contextmanager
def _tracing(home: Home, owner: Owner) -> Iterator[Callable[[], bool]]:
    """Send the spans of this process to the backend while the block runs; yield the flush.

    These two calls are all that an agent of your own needs.
    """
    processor = otel_bridge.configure(endpoint=home.base_url, api_key=owner.ingest_key)
    instrumentor = OpenAIInstrumentor()
    instrumentor.instrument()
    try:
        yield processor.force_flush
    finally:
        instrumentor.uninstrument()
        processor.shutdown()


def _round(demo: Demo, *, number: int) -> list[Sums]:
    """Run every task once, deliver the spans, and return what the API then says."""
    _say(f"\nround {number}")
    for outcome in run_round(demo.client, demo.model):
        _say(outcome_line(outcome))
    demo.flush()
    api = Api(demo.home.port, demo.owner.read_key)
    return read_overview(api, first_day=demo.started_on, last_day=_today())


def _compare(demo: Demo, rows: list[Sums]) -> bool:
    """Say whether the numbers are those of the model server, and return it."""
    if demo.server is None:
        _say("compare these numbers with what your model server or its provider counts")
        return True
    theirs, ours = served(demo.server.calls()), recorded(rows)
    _say(comparison(theirs, ours))
    return theirs == ours


def _go_on(demo: Demo) -> NoReturn:
    """Run a round every few seconds, until KeyboardInterrupt."""
    _say(f"a round every {_PAUSE_S:.0f} s from now on; Ctrl-C stops everything")
    number = 1
    while True:
        threading.Event().wait(_PAUSE_S)
        number += 1
        rows = _round(demo, number=number)
        _say(f"\n{overview_table(rows)}")
        _compare(demo, rows)


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let Ctrl-C, `kill` and a closed terminal end the block the same way: once.

    The first raises KeyboardInterrupt; later ones are ignored, because what is left is to stop
    the processes, which takes bounded time.
    """
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def interrupt(*_: object) -> NoReturn:
        _ignore(signals)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _ignore(signals: Iterable[signal.Signals]) -> None:
    for number in signals:
        signal.signal(number, signal.SIG_IGN)


def _today() -> date:
    return datetime.now(UTC).date()


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
