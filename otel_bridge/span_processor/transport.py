"""One HTTP request, sent once: keep-alive, gzip, timeouts, never traced itself."""

from __future__ import annotations

# The first connection would import it on the worker's thread; a fork in the middle of that would
# leave the child with an import that nobody finishes, and its first connection waiting for it.
import encodings.idna  # noqa: F401 (see above)
import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Protocol
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
from opentelemetry import context
from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY

from otel_bridge.span_processor.version import VERSION

_GZIP_FROM_BYTES = 1024
_CONNECT_TIMEOUT_S = 5.0
_MAX_ANSWER_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `status` is None where nothing did, and `error` says why."""

    status: int | None
    retry_after_s: float | None = None
    body: bytes = b""
    error: str = ""

    @property
    def is_success(self) -> bool:
        """Whether the server took the request."""
        return self.status is not None and 200 <= self.status < 300


class Transport(Protocol):
    """Sends one request."""

    def post(self, path: str, body: bytes, *, timeout_s: float) -> Answer:
        """Return the answer to `body`, a JSON text; raises nothing for what a network does."""
        ...

    def close(self) -> None:
        """Give connections back."""
        ...


class HttpTransport:
    """The ingest API at one address, over kept-alive connections.

    The usual variables (HTTP_PROXY, HTTPS_PROXY, NO_PROXY) choose a proxy.
    """

    def __init__(self, endpoint: str, api_key: str) -> None:
        self._endpoint = endpoint
        self._pool = _pool_for(endpoint)
        self._headers = {
            "Authorization": f"Bearer {api_key}",
            "Content-Type": "application/json",
            "User-Agent": f"otel-bridge/{VERSION}",
        }

    def post(self, path: str, body: bytes, *, timeout_s: float) -> Answer:
        """Return the answer; None as its status where the server could not be reached in time."""
        headers = self._headers
        if len(body) >= _GZIP_FROM_BYTES:
            body = gzip.compress(body, compresslevel=5, mtime=0)
            headers = {**headers, "Content-Encoding": "gzip"}
        timeout = urllib3.Timeout(connect=min(_CONNECT_TIMEOUT_S, timeout_s), read=timeout_s)
        try:
            with untraced():
                return self._exchange(self._endpoint + path, body, headers, timeout)
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            return Answer(None, error=f"{type(error).__name__}: {error}")

    def close(self) -> None:
        """Close the connections that are kept alive; a later request opens a new one."""
        self._pool.clear()

    def _exchange(
        self, url: str, body: bytes, headers: dict[str, str], timeout: urllib3.Timeout
    ) -> Answer:
        response = self._pool.request(
            "POST",
            url,
            body=body,
            headers=headers,
            timeout=timeout,
            retries=False,
            redirect=False,
            preload_content=False,
        )
        try:
            content = response.read(_MAX_ANSWER_BYTES, decode_content=True)
            # Only a connection that was read to its end can carry the next request.
            if response.read(1):
                response.close()
        finally:
            response.release_conn()
        retry_after_s = _retry_after(response.headers.get("Retry-After"), now=datetime.now(UTC))
        return Answer(response.status, retry_after_s, content)


@contextmanager
def untraced() -> Iterator[None]:
    """Switch instrumentation off, so that our own requests never become spans."""
    suppressed = context.set_value(_SUPPRESS_INSTRUMENTATION_KEY, value=True)
    token = context.attach(suppressed)
    try:
        yield
    finally:
        context.detach(token)


def _pool_for(endpoint: str) -> urllib3.PoolManager:
    parts = urlsplit(endpoint)
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if proxy and not proxy_bypass(parts.hostname or ""):
        return urllib3.ProxyManager(proxy, num_pools=1, maxsize=1)
    return urllib3.PoolManager(num_pools=1, maxsize=1)


def _retry_after(text: str | None, *, now: datetime) -> float | None:
    """Return seconds to wait from a `Retry-After` of seconds or of a date; None if unreadable."""
    if not text:
        return None
    if text.strip().isdecimal():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())
