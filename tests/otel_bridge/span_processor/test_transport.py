from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import urllib3
from opentelemetry import context
from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY

from otel_bridge.span_processor.transport import HttpTransport
from tests.otel_bridge.ingest_server import EVENTS_PATH, Close, Hang, IngestServer, Reply

EMPTY = b'{"events":[]}'


@pytest.fixture
def transport(server: IngestServer) -> Iterator[HttpTransport]:
    transport = HttpTransport(server.url, "obsk_test")
    yield transport
    transport.close()


def test_a_request_carries_key_type_and_body(transport: HttpTransport, server: IngestServer):
    answer = transport.post(EVENTS_PATH, EMPTY, timeout_s=5)
    assert answer.is_success
    assert answer.status == 200
    (request,) = server.requests
    assert request.path == EVENTS_PATH
    assert request.headers["authorization"] == "Bearer obsk_test"
    assert request.headers["content-type"] == "application/json"
    assert "content-encoding" not in request.headers
    assert request.body == EMPTY


def test_a_large_body_is_sent_as_gzip(transport: HttpTransport, server: IngestServer):
    body = b'{"events":[' + b",".join([b'{"a":1}'] * 500) + b"]}"
    transport.post(EVENTS_PATH, body, timeout_s=5)
    (request,) = server.requests
    assert request.headers["content-encoding"] == "gzip"
    assert int(request.headers["content-length"]) < len(body) / 10
    assert request.body == body


def test_requests_share_one_connection(transport: HttpTransport, server: IngestServer):
    for _ in range(5):
        transport.post(EVENTS_PATH, EMPTY, timeout_s=5)
    assert len({request.connection for request in server.requests}) == 1


@pytest.mark.parametrize("status", [301, 400, 500])
def test_any_status_is_an_answer_and_nothing_is_repeated(
    transport: HttpTransport, server: IngestServer, status: int
):
    server.answer_with(Reply(status, {"Location": server.url}, b"why"))
    answer = transport.post(EVENTS_PATH, EMPTY, timeout_s=5)
    assert (answer.status, answer.body, answer.is_success) == (status, b"why", False)
    assert len(server.requests) == 1


def test_a_closed_connection_is_no_answer(transport: HttpTransport, server: IngestServer):
    server.answer_with(Close())
    answer = transport.post(EVENTS_PATH, EMPTY, timeout_s=5)
    assert answer.status is None
    assert answer.error


def test_a_server_that_hangs_is_no_answer_in_time(transport: HttpTransport, server: IngestServer):
    server.answer_with(Hang())
    answer = transport.post(EVENTS_PATH, EMPTY, timeout_s=0.05)
    assert answer.status is None
    assert "Timeout" in answer.error


def test_a_server_that_is_not_there_is_no_answer():
    transport = HttpTransport("http://127.0.0.1:1", "obsk_test")
    assert transport.post(EVENTS_PATH, EMPTY, timeout_s=5).status is None


@pytest.mark.parametrize(("header", "seconds"), [("7", 7.0), ("soon", None), ("", None)])
def test_retry_after_is_read_as_seconds(
    transport: HttpTransport, server: IngestServer, header: str, seconds: float | None
):
    server.answer_with(Reply(429, {"Retry-After": header}))
    assert transport.post(EVENTS_PATH, EMPTY, timeout_s=5).retry_after_s == seconds


@pytest.mark.parametrize(("ahead_s", "waited_s"), [(1000, 1000), (-1000, 0)])
def test_retry_after_is_read_as_a_date(
    transport: HttpTransport, server: IngestServer, ahead_s: int, waited_s: int
):
    moment = datetime.now(UTC) + timedelta(seconds=ahead_s)
    server.answer_with(Reply(429, {"Retry-After": format_datetime(moment, usegmt=True)}))
    answer = transport.post(EVENTS_PATH, EMPTY, timeout_s=5)
    assert answer.retry_after_s == pytest.approx(waited_s, abs=60)


def test_a_proxy_of_the_environment_is_used(server: IngestServer, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("http_proxy", server.url)
    monkeypatch.delenv("no_proxy", raising=False)
    transport = HttpTransport("http://obs.invalid:5000", "obsk_test")
    assert transport.post(EVENTS_PATH, EMPTY, timeout_s=5).is_success
    transport.close()
    assert server.requests[0].path == f"http://obs.invalid:5000{EVENTS_PATH}"


def test_instrumentation_is_switched_off_while_we_post(
    transport: HttpTransport, monkeypatch: pytest.MonkeyPatch
):
    seen: list[object] = []
    request = urllib3.HTTPConnectionPool.urlopen

    def instrumented(*args: object, **kwargs: object) -> object:
        seen.append(context.get_value(_SUPPRESS_INSTRUMENTATION_KEY))
        return request(*args, **kwargs)  # type: ignore[arg-type]  # handed on as they came

    monkeypatch.setattr(urllib3.HTTPConnectionPool, "urlopen", instrumented)
    assert transport.post(EVENTS_PATH, EMPTY, timeout_s=5).is_success
    assert seen == [True]
    assert context.get_value(_SUPPRESS_INSTRUMENTATION_KEY) is None
