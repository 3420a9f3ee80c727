"""Whatever comes in over the socket, the answer is a 4xx that says how to mend it."""

from __future__ import annotations

import gzip
import json
import socket
from collections.abc import Iterator

import pytest

from tests.e2e.server import Answer
from tests.e2e.workspace import Workspace

pytestmark = pytest.mark.e2e

_EVENTS = "/api/obs/ingest/events"
_TRACES = "/v1/traces"

_BODIES = {
    "nothing": b"",
    "no JSON": b"{",
    "not UTF-8": b'{"event_type":"\xff\xfe"}',
    "a list": b"[]",
    "a number": b"1",
    "null": b"null",
    "half a character": b'{"event_type":"metric","agent":"\\ud800"}',
    "NaN": b'{"event_type":"metric","cost_usd":NaN}',
    "events is no list": b'{"events":{}}',
    "deeply nested": b'{"event_type":"metric","payload":' + b'{"a":' * 5000 + b"1" + b"}" * 5001,
    "too many events": json.dumps({"events": [{"event_type": "metric"}] * 1001}).encode(),
}

_EVENTS_OF_ONE = {
    "unknown type": {"event_type": "llm_cal"},
    "no type": {},
    "a list for a type": {"event_type": []},
    "unknown status": {"event_type": "metric", "status": "fine"},
    "negative tokens": {"event_type": "llm_call", "tokens_in": -1},
    "tokens as text": {"event_type": "llm_call", "tokens_in": "many"},
    "tokens beyond any integer": {"event_type": "llm_call", "tokens_in": 10**30},
    "cost as a word": {"event_type": "llm_call", "cost_usd": "cheap"},
    "endless cost": {"event_type": "llm_call", "cost_usd": "Infinity"},
    "a huge cost": {"event_type": "llm_call", "cost_usd": "1e400"},
    "unknown agent": {"event_type": "metric", "agent_id": 987654321},
    "an agent id beyond any integer": {"event_type": "metric", "agent_id": 2**80},
    "a run id that is no UUID": {"event_type": "metric", "run_id": "run 1"},
    "no date": {"event_type": "metric", "created_at": "yesterday"},
    "the far future": {"event_type": "metric", "created_at": "9999-12-31T23:59:59Z"},
    "a long key": {"event_type": "metric", "dedupe_key": "k" * 256},
    "a NUL": {"event_type": "metric", "agent": "a\0b"},
    "a large payload": {"event_type": "metric", "payload": {"text": "x" * 70_000}},
    "payload as a list": {"event_type": "metric", "payload": [1]},
}

_QUERIES = (
    "/api/obs/events?limit=0",
    "/api/obs/events?limit=201",
    "/api/obs/events?limit=ten",
    "/api/obs/events?offset=-1",
    "/api/obs/events?offset=99999999999999999999999",
    "/api/obs/events?status=fine",
    "/api/obs/events?event_type=llm_cal",
    "/api/obs/events?agent_id=one",
    "/api/obs/events?agent_id=99999999999999999999999",
    "/api/obs/events?run_id=1",
    "/api/obs/events?from=yesterday",
    "/api/obs/events?to=2026-13-01",
    "/api/obs/events?cursor=%00",
    "/api/obs/events?cursor=AAAA",
    "/api/obs/runs?limit=-1",
    "/api/obs/metrics/agents?from=yesterday",
    "/api/obs/metrics/agents?to=0000-00-00",
)


def _is_a_helpful_4xx(answer: Answer) -> bool:
    return 400 <= answer.status < 500 and len(answer.body["error"]) > 10


@pytest.mark.parametrize("body", _BODIES.values(), ids=_BODIES.keys())
def test_a_body_that_is_no_event_is_refused_with_a_reason(
    workspace: Workspace, body: bytes
) -> None:
    assert _is_a_helpful_4xx(workspace.client.post(_EVENTS, body))


@pytest.mark.parametrize("event", _EVENTS_OF_ONE.values(), ids=_EVENTS_OF_ONE.keys())
def test_one_bad_event_never_harms_its_neighbors(
    workspace: Workspace, event: dict[str, object]
) -> None:
    batch = {"events": [{"event_type": "metric"}, event, {"event_type": "metric"}]}
    answer = workspace.client.post_json(_EVENTS, batch)
    assert answer.status == 200
    assert (answer.body["accepted"], answer.body["total_submitted"]) == (2, 3)
    assert [rejected["index"] for rejected in answer.body["rejected"]] == [1]
    assert len(answer.body["rejected"][0]["reason"]) > 10


@pytest.mark.parametrize("path", _QUERIES)
def test_an_unreadable_filter_is_refused_with_a_reason(workspace: Workspace, path: str) -> None:
    assert _is_a_helpful_4xx(workspace.client.get(path))


@pytest.mark.parametrize("content_type", ["application/x-protobuf", "application/json"])
@pytest.mark.parametrize("body", [b"\xff\xff\xff", b"[1]", b'{"resourceSpans":[{"scopeSpans":7}]}'])
def test_broken_otlp_is_refused_in_the_encoding_of_the_request(
    workspace: Workspace, body: bytes, content_type: str
) -> None:
    answer = workspace.client.post(_TRACES, body, content_type=content_type)
    assert answer.status == 400
    assert answer.headers["Content-Type"] == content_type


@pytest.mark.parametrize("path", [_EVENTS, _TRACES])
def test_a_body_that_is_not_what_its_encoding_says_is_refused(
    workspace: Workspace, path: str
) -> None:
    answer = workspace.client.post(path, b"plain", headers={"Content-Encoding": "gzip"})
    assert answer.status == 400


@pytest.mark.parametrize("path", [_EVENTS, _TRACES])
def test_a_body_that_grows_beyond_the_limit_when_unpacked_is_refused(
    workspace: Workspace, path: str
) -> None:
    bomb = gzip.compress(b" " * 80 * 1024 * 1024)
    answer = workspace.client.post(path, bomb, headers={"Content-Encoding": "gzip"})
    assert answer.status == 413


@pytest.mark.parametrize("path", [_EVENTS, _TRACES])
def test_an_unknown_content_type_or_encoding_is_refused(workspace: Workspace, path: str) -> None:
    assert workspace.client.post(path, b"<a/>", content_type="text/xml").status == 415
    assert workspace.client.post(path, b"{}", headers={"Content-Encoding": "zip"}).status == 415


@pytest.mark.parametrize("path", [_EVENTS, _TRACES, "/api/obs/events", "/api/obs/runs"])
@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer obsk_", "Basic eDp5", "Bearer é"])
def test_a_request_without_a_good_key_is_refused(
    workspace: Workspace, path: str, authorization: str
) -> None:
    head = {"Authorization": authorization.encode().decode("latin-1")}
    if path in {_EVENTS, _TRACES}:
        answer = workspace.client.post(path, b"{}", headers=head)
    else:
        answer = workspace.client.get(path, headers=head)
    assert answer.status == 401


def test_an_unknown_path_and_a_wrong_method_are_told_in_json(workspace: Workspace) -> None:
    assert "error" in workspace.client.get("/api/obs/nothing").body
    answer = workspace.client.get(_EVENTS)
    assert (answer.status, "error" in answer.body) == (405, True)


_RAW = {
    "no request": b"\r\n\r\n",
    "a broken length": b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Length: ten\r\n\r\n",
    "a negative length": b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    "a broken chunk": b"POST /v1/traces HTTP/1.1\r\nHost: x\r\n"
    b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    "a path of raw bytes": b"GET /api/obs/events?status=\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
    "half a body": b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf",
}


@pytest.fixture
def raw_socket(workspace: Workspace) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", workspace.server.port), timeout=10) as connection:
        yield connection


@pytest.mark.parametrize("request_bytes", _RAW.values(), ids=_RAW.keys())
def test_what_is_not_even_http_gets_no_500_and_the_server_goes_on(
    workspace: Workspace, raw_socket: socket.socket, request_bytes: bytes
) -> None:
    raw_socket.sendall(request_bytes)
    raw_socket.shutdown(socket.SHUT_WR)
    first_line = raw_socket.makefile("rb").readline()
    assert b" 500 " not in first_line
    assert workspace.client.get("/healthz").status == 200
