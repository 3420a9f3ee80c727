"""A real server process for tests and measurements, and a plain HTTP client for it."""

from __future__ import annotations

import gzip
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import urllib3

_READY_WITHIN_S = 30.0

#: Answers in a test are awaited once and never asked for again: a retry would hide a failure.
_NO_RETRIES = urllib3.Retry(0, read=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer. `body` is the parsed JSON, decimals exact, or the bytes where it is none."""

    status: int
    body: Any
    headers: Mapping[str, str]


@dataclass(slots=True)
class Client:
    """Calls one server with one key."""

    base_url: str
    key: str | None = None
    _pool: urllib3.PoolManager = field(
        default_factory=lambda: urllib3.PoolManager(timeout=30, retries=_NO_RETRIES)
    )

    def get(
        self,
        path: str,
        query: Mapping[str, object] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Return the answer to a GET."""
        fields = [(name, str(value)) for name, value in (query or {}).items()] or None
        sent = self._headers() | dict(headers or {})
        return self._answer(
            self._pool.request("GET", self.base_url + path, fields=fields, headers=sent)
        )

    def post_json(self, path: str, body: object) -> Answer:
        """Return the answer to a POST of `body` as JSON."""
        return self.post(path, json.dumps(body).encode())

    def post(
        self,
        path: str,
        body: bytes,
        *,
        content_type: str = "application/json",
        compressed: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Return the answer to a POST of bytes, gzipped where asked."""
        sent = self._headers() | {"Content-Type": content_type} | dict(headers or {})
        if compressed:
            body, sent["Content-Encoding"] = gzip.compress(body), "gzip"
        return self._answer(
            self._pool.request("POST", self.base_url + path, body=body, headers=sent)
        )

    def close(self) -> None:
        """Close the connections."""
        self._pool.clear()

    def __enter__(self) -> Self:
        """Return the client, which the block's end closes."""
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the connections."""
        self.close()

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"} if self.key else {}

    @staticmethod
    def _answer(response: urllib3.BaseHTTPResponse) -> Answer:
        body: Any = response.data
        if "json" in response.headers.get("Content-Type", ""):
            body = json.loads(body, parse_float=Decimal)
        return Answer(response.status, body, response.headers)


class ServerProcess:
    """`otel-bridge serve` on a database, in a session of its own."""

    def __init__(self, database_url: str, *, log_file: Path, port: int | None = None) -> None:
        self.database_url = database_url
        self.port = port or free_port()
        self._log_file = log_file
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def base_url(self) -> str:
        """The server's address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The process that was started; its workers are children of it."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> float:
        """Start it and return how many seconds it took to be ready; raises where it does not."""
        started = time.monotonic()
        with self._log_file.open("ab") as log:
            self._process = subprocess.Popen(
                command("serve", "--port", str(self.port), "--no-scheduler"),
                env=environment(self.database_url),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        while not self._is_ready():
            if self._process.poll() is not None or time.monotonic() > started + _READY_WITHIN_S:
                self.kill()
                raise AssertionError(f"not ready: {self._log_file.read_text()[-2000:]}")
            time.sleep(0.01)
        return time.monotonic() - started

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to stop and return its exit code."""
        assert self._process is not None
        self._process.send_signal(number)
        try:
            return self._process.wait(15)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def kill(self) -> None:
        """End it and its workers at once, as a power cut would."""
        assert self._process is not None
        with suppress(ProcessLookupError):  # It may be gone already.
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        with suppress(ProcessLookupError):
            while True:  # A worker holds the port until it is gone too.
                os.killpg(self._process.pid, 0)
                time.sleep(0.001)

    def __enter__(self) -> Self:
        """Start it."""
        self.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop it."""
        self.stop()

    def _is_ready(self) -> bool:
        try:
            with Client(self.base_url) as client:
                return client.get("/readyz").status == 200
        except urllib3.exceptions.HTTPError:
            return False


def command(*arguments: str) -> list[str]:
    """Return the command line of `otel-bridge` with these arguments."""
    return [sys.executable, "-P", "-m", "backend.cli", *arguments]


def environment(database_url: str, **more: str) -> dict[str, str]:
    """Return the environment of a command: our settings, none of the machine's.

    Captures are older than any retention, so everything is kept.
    """
    ours = {"DATABASE_URL": database_url, "SECRET_KEY": "0" * 64, "OBS_RETENTION_DAYS": "0"}
    foreign = ("OBS_", "OTEL_", "OPENAI_", "DATABASE_URL", "SECRET_KEY", "CRON_SECRET", "SLACK_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return kept | ours | more


def run_command(
    *arguments: str, database_url: str, stdin: str = "", cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `otel-bridge` with these arguments to its end."""
    return subprocess.run(
        command(*arguments),
        env=environment(database_url),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=cwd,
    )


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
