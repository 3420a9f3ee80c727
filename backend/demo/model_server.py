"""A scripted server that speaks OpenAI's Chat Completions and writes down every call it serves."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import socket
from types import TracebackType
from typing import Any, Self

from backend.demo.completions import Reply, chunks, completion, error
from backend.demo.script import DEMO_SCRIPT, Answer, Failure, Script, Tokens

_MAX_BODY_BYTES = 4 * 1024 * 1024
_BAD_JSON = Failure(400, "invalid_json", "The body must be a JSON object with model and messages.")


@dataclass(frozen=True, slots=True)
class ServedCall:
    """One model call as the server served it. `tokens` is None where no usage was sent."""

    model: str
    http_status: int
    streamed: bool
    tokens: Tokens | None


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """The part of a Chat Completions request that the script needs."""

    model: str
    messages: tuple[Mapping[str, Any], ...]
    stream: bool
    include_usage: bool

    @classmethod
    def parse(cls, body: bytes) -> ChatRequest | None:
        """Return the request in `body`, or None where it is not one."""
        try:
            fields = json.loads(body)
        except ValueError:
            return None
        if not isinstance(fields, dict) or not isinstance(fields.get("model"), str):
            return None
        messages = fields.get("messages")
        if not isinstance(messages, list) or not all(isinstance(m, dict) for m in messages):
            return None
        options = fields.get("stream_options")
        include_usage = isinstance(options, dict) and bool(options.get("include_usage"))
        return cls(fields["model"], tuple(messages), bool(fields.get("stream")), include_usage)


class ModelServer:
    """The server on 127.0.0.1, in a thread of its own while the `with` block runs."""

    def __init__(
        self,
        script: Script = DEMO_SCRIPT,
        *,
        port: int = 0,
        on_call: Callable[[ServedCall], None] | None = None,
    ) -> None:
        """Bind `port` (0: any free one); raises OSError where it is taken.

        `on_call` hears of each call, in the thread that serves it.
        """
        self._calls: list[ServedCall] = []
        self._lock = threading.Lock()
        self._script = script
        self._on_call = on_call
        self._http = _HttpServer(("127.0.0.1", port), _Handler)
        self._http.owner = self
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )

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

    @property
    def base_url(self) -> str:
        """The address for `OPENAI_BASE_URL`."""
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def calls(self) -> tuple[ServedCall, ...]:
        """Return every call served until now, oldest first."""
        with self._lock:
            return tuple(self._calls)

    def turn(self, request: ChatRequest) -> Answer | Failure:
        """Return the script's turn for `request`."""
        return self._script.turn(request.messages)

    def write_down(self, call: ServedCall) -> None:
        """Remember `call`, and tell whoever asked to hear of it."""
        with self._lock:
            self._calls.append(call)
        if self._on_call is not None:
            self._on_call(call)


class _HttpServer(ThreadingHTTPServer):
    daemon_threads = True
    owner: ModelServer

    def handle_error(self, request: socket | tuple[bytes, socket], client_address: Any) -> None:
        """Stay silent when a client hangs up; report anything else as usual."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    #: Without it the kernel holds back the pieces of a stream.
    disable_nagle_algorithm = True
    server: _HttpServer

    def do_GET(self) -> None:
        """Answer the list of models."""
        if self.path == "/v1/models":
            models = [{"id": "gpt-4o-mini", "object": "model", "owned_by": "script"}]
            self._send_json(200, {"object": "list", "data": models})
        else:
            self._fail(_unknown(self.path))

    def do_POST(self) -> None:
        """Answer a Chat Completions request as the script says."""
        request = self._read()
        if isinstance(request, Failure):
            self._fail(request)
            return
        turn = self.server.owner.turn(request)
        if isinstance(turn, Failure):
            self._write_down(request, turn.http_status, None)
            self._fail(turn)
        else:
            self._answer(request, turn)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Write no access log: the calls that were served are told by `ModelServer`."""

    def _read(self) -> ChatRequest | Failure:
        length = int(self.headers.get("Content-Length") or 0)
        if length > _MAX_BODY_BYTES:
            self.close_connection = True
            return Failure(413, "too_large", "The body is larger than 4 MiB.")
        body = self.rfile.read(length)
        if self.path != "/v1/chat/completions":
            return _unknown(self.path)
        return ChatRequest.parse(body) or _BAD_JSON

    def _answer(self, request: ChatRequest, answer: Answer) -> None:
        time.sleep(answer.latency_ms / 1000)
        reply = Reply.to(request.model, answer, created_s=int(time.time()))
        sends_usage = request.include_usage or not request.stream
        self._write_down(request, 200, answer.tokens if sends_usage else None)
        if request.stream:
            self._send_stream(reply, include_usage=request.include_usage)
        else:
            self._send_json(200, completion(reply))

    def _write_down(self, request: ChatRequest, status: int, tokens: Tokens | None) -> None:
        self.server.owner.write_down(ServedCall(request.model, status, request.stream, tokens))

    def _send_stream(self, reply: Reply, *, include_usage: bool) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for chunk in chunks(reply, include_usage=include_usage):
            self._send_event(json.dumps(chunk, separators=(",", ":")))
        self._send_event("[DONE]")
        self.wfile.write(b"0\r\n\r\n")

    def _send_event(self, data: str) -> None:
        event = f"data: {data}\n\n".encode()
        self.wfile.write(b"%x\r\n%b\r\n" % (len(event), event))

    def _send_json(self, status: int, body: Mapping[str, Any]) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def _fail(self, failure: Failure) -> None:
        self._send_json(failure.http_status, error(failure))


def _unknown(path: str) -> Failure:
    return Failure(404, "unknown_url", f"Unknown request URL: {path}.")
