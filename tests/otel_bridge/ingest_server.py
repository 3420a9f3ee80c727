"""A recording fake of the ingest API on a real socket, that can also be slow, rude or wrong."""

from __future__ import annotations

import gzip
import json
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

EVENTS_PATH = "/api/obs/ingest/events"
HEARTBEAT_PATH = "/api/obs/ingest/heartbeat"

_PATIENCE_S = 10.0


@dataclass(frozen=True)
class Request:
    """What arrived; `body` is unpacked."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    connection: int

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Reply:
    """An answer; without a body, the one of the API."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None


@dataclass(frozen=True)
class Hang:
    """No answer, as long as the test runs."""


@dataclass(frozen=True)
class Close:
    """The connection is closed without an answer."""


class IngestServer:
    """Answers 200 unless `answer_with` scripted something else for the next requests."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.known_agents: set[str] | None = None
        self._script: deque[Reply | Hang | Close] = deque()
        self._arrived = threading.Condition()
        self._released = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer_with(self, *replies: Reply | Hang | Close) -> None:
        """Script the answers to the next requests, one each."""
        self._script.extend(replies)

    def release(self) -> None:
        """Let go of the requests that hang; they are answered with 200."""
        self._released.set()

    def wait_for(self, is_there: Callable[[IngestServer], bool]) -> bool:
        """Wait until a condition holds that the next request may fulfil."""
        with self._arrived:
            return self._arrived.wait_for(lambda: is_there(self), _PATIENCE_S)

    @property
    def event_requests(self) -> list[Request]:
        return [one for one in self.requests if one.path == EVENTS_PATH]

    @property
    def events(self) -> list[dict[str, Any]]:
        """Every event of every request, also of those that were refused."""
        return [event for one in self.event_requests for event in one.json["events"]]

    @property
    def links(self) -> list[dict[str, str]]:
        return [link for one in self.event_requests for link in one.json.get("links", [])]

    @property
    def heartbeats(self) -> list[dict[str, Any]]:
        return [one.json for one in self.requests if one.path == HEARTBEAT_PATH]

    def take(self, request: Request) -> Reply | Close:
        """Record a request and return what to answer."""
        reply = self._script.popleft() if self._script else Reply()
        with self._arrived:
            self.requests.append(request)
            self._arrived.notify_all()
        if isinstance(reply, Hang):
            self._released.wait(_PATIENCE_S)
            reply = Reply()
        return reply

    def usual_answer(self, request: Request) -> tuple[int, dict[str, Any]]:
        """Return what the API answers when all is well."""
        if request.path == HEARTBEAT_PATH:
            name = request.json.get("agent")
            if name and self.known_agents is not None and name not in self.known_agents:
                return 404, {"error": "unknown agent"}
            return 200, {"success": True, "agent_id": 1, "ts": "2026-01-01T00:00:00Z"}
        if request.path == EVENTS_PATH:
            count = len(request.json["events"])
            answer = {"accepted": count, "rejected": [], "duplicates": 0, "total_submitted": count}
            return 200, answer
        return 200, {}


def _handler_of(server: IngestServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # A kept-alive connection must not wait for the acknowledgement of the header.
        wbufsize = -1

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Request(self.path, headers, body, self.client_address[1])
            reply = server.take(request)
            if isinstance(reply, Close):
                self.close_connection = True
                return
            self._send(reply, request)

        def _send(self, reply: Reply, request: Request) -> None:
            status, content = reply.status, reply.body
            if content is None and status == 200:
                status, answer = server.usual_answer(request)
                content = json.dumps(answer).encode()
            content = content or b'{"error":"as the test says"}'
            self.send_response(status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
            """Say nothing."""

        def handle(self) -> None:
            try:
                super().handle()
            except ConnectionError:
                # The bridge gave up waiting, as the test wanted.
                self.close_connection = True

    return Handler
