"""A scripted model server for whole frameworks: it writes down every call that it serves.

It speaks OpenAI's Chat Completions, Responses and Embeddings and Anthropic's Messages, whole and
streamed. The question is the script: the model asks for each tool that it is offered and whose name
the question holds, one after the other ("at once": all in one turn), then answers with a text. A
question that asks to "refuse" gets HTTP 400. No two calls have the same tokens.
"""

from __future__ import annotations

import itertools
import json
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import socket
from types import TracebackType
from typing import Any, Self

from tests.frameworks.dialects import DIALECTS
from tests.frameworks.turns import Dialect, Request, Tokens, ToolUse, Turn

#: The dated name under which a model answers.
_ANSWERS_AS = {
    "gpt-4o-mini": "gpt-4o-mini-2024-07-18",
    "o4-mini": "o4-mini-2025-04-16",
    "claude-sonnet-4-5": "claude-sonnet-4-5-20250929",
}

#: USD per million tokens, as the providers publish them: in, cache read, cache write, out.
_PRICES = {
    "gpt-4o-mini-2024-07-18": ("0.15", "0.075", "0", "0.60"),
    "o4-mini-2025-04-16": ("1.10", "0.275", "0", "4.40"),
    "claude-sonnet-4-5-20250929": ("3", "0.30", "3.75", "15"),
    "text-embedding-3-small": ("0.02", "0", "0", "0"),
}


@dataclass(frozen=True, slots=True)
class Served:
    """One call as the server served it: `model` answered, or was asked where `ok` is false.

    `tokens` are those that the client was told, None where none were: by a failed call, and by a
    stream whose client did not ask for them.
    """

    model: str
    ok: bool
    streamed: bool
    tokens: Tokens | None

    def cost_usd(self) -> Decimal | None:
        """Return what the provider asks for `tokens`."""
        if self.tokens is None:
            return None
        fresh, read, written, out = map(Decimal, _PRICES[self.model])
        tokens = self.tokens
        price = (tokens.all_in - tokens.cache_read - tokens.cache_write) * fresh
        price += tokens.cache_read * read + tokens.cache_write * written + tokens.all_out * out
        return price / 1_000_000


class ModelServer:
    """The server on 127.0.0.1, in a thread of its own while the `with` block runs."""

    def __init__(self) -> None:
        self._served: list[Served] = []
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._http = _HttpServer(("127.0.0.1", 0), _Handler)
        self._http.owner = self
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )

    @property
    def address(self) -> str:
        """The server's address, without a path."""
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def served(self) -> tuple[Served, ...]:
        """Return every call served until now."""
        with self._lock:
            return tuple(self._served)

    def turn(self, request: Request) -> Turn | None:
        """Return the model's next turn, None for a failure, and write the call down."""
        with self._lock:
            turn = None if "refuse" in request.question.lower() else self._next_turn(request)
            self._served.append(_served(request, turn))
        return turn

    def _next_turn(self, request: Request) -> Turn:
        number = next(self._numbers)
        model = _ANSWERS_AS.get(request.model, request.model)
        return Turn(number, model, _tokens(number, model), _tools(number, request))

    def __enter__(self) -> Self:
        """Start to serve."""
        self._thread.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop, and free the port."""
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()


def _served(request: Request, turn: Turn | None) -> Served:
    if turn is None:
        return Served(request.model, ok=False, streamed=request.stream, tokens=None)
    tokens = turn.tokens if request.include_usage or not request.stream else None
    return Served(turn.model, ok=True, streamed=request.stream, tokens=tokens)


def _tokens(number: int, model: str) -> Tokens:
    """Return tokens that no other call has; every second call reads from a cache."""
    if "embedding" in model:
        return Tokens(90 + number, 0)
    read = 300 + number if number % 2 == 0 else 0
    written = 200 + number if model.startswith("claude") and number % 3 == 0 else 0
    reasoning = 20 + number if model.startswith("o4") else 0
    return Tokens(1000 + 37 * number, 60 + 7 * number, read, written, reasoning)


def _tools(number: int, request: Request) -> tuple[ToolUse, ...]:
    named = [name for name in request.offered if name in request.question]
    open_ones = [name for name in named if name not in request.called]
    asked = open_ones if "at once" in request.question else open_ones[:1]
    return tuple(
        ToolUse(f"call_{number}_{index}", name, _arguments(request.offered[name]))
        for index, name in enumerate(asked)
    )


def _arguments(schema: Mapping[str, Any]) -> dict[str, str]:
    """Return the one argument that the tools of all agents understand: a city."""
    return dict.fromkeys(schema.get("properties", {}), "Lisbon")


class _HttpServer(ThreadingHTTPServer):
    daemon_threads = True
    owner: ModelServer

    def handle_error(self, request: socket | tuple[bytes, socket], client_address: Any) -> None:
        """Stay silent when a client hangs up; report anything else as usual."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _HttpServer

    def do_POST(self) -> None:
        """Answer in the dialect of the path."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        dialect = DIALECTS[self.path.partition("?")[0]]
        request = dialect.read(body)
        turn = self.server.owner.turn(request)
        if turn is None:
            self._send(400, "application/json", json.dumps(dialect.error).encode())
        elif request.stream:
            self._send(200, "text/event-stream", _event_stream(dialect, turn, request))
        else:
            self._send(200, "application/json", json.dumps(dialect.whole(turn)).encode())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Write no access log."""

    def _send(self, status: int, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _event_stream(dialect: Dialect, turn: Turn, request: Request) -> bytes:
    pieces = dialect.pieces(turn, request)
    named = "".join(
        (f"event: {piece['type']}\n" if "type" in piece else "") + f"data: {json.dumps(piece)}\n\n"
        for piece in pieces
    )
    return (named + ("data: [DONE]\n\n" if dialect.says_done else "")).encode()
