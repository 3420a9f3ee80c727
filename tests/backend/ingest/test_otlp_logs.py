"""`/v1/logs`: what command-line agents log, in both encodings of OTLP."""

from __future__ import annotations

import gzip
import json
import time
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from google.rpc.status_pb2 import Status
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from werkzeug.test import TestResponse

from backend.settings import Settings
from otel_bridge.log_record import LogRecord
from tests.backend.conftest import Caller, NewApp, NewKey, Person, Web, exact_json
from tests.backend.ingest.log_requests import in_json, request_of
from tests.backend.ingest.spans import attribute, chat_span
from tests.backend.ingest.spans import request_of as trace_request_of
from tests.otel_bridge.command_lines import (
    claude_log,
    claude_request,
    claude_tool,
    codex_response,
    gemini_details,
    gemini_response,
)

PROTOBUF = "application/x-protobuf"
JSON = "application/json"
HOUR_NS = 3600 * 10**9


def now(make: Any = claude_request, **fields: Any) -> LogRecord:
    """Return a record that was written just now."""
    record: LogRecord = make(at_ns=time.time_ns(), **fields)
    return record


def post(caller: Caller, body: bytes, content_type: str = PROTOBUF, **head: str) -> TestResponse:
    return caller.post("/v1/logs", data=body, content_type=content_type, headers=head)


def send(caller: Caller, *records: LogRecord) -> None:
    response = post(caller, request_of(*records).SerializeToString())
    assert (response.status_code, response.data) == (200, b"")


def events(read_key: Caller) -> list[dict[str, Any]]:
    """Return all events without what differs from one delivery to the next."""
    found = exact_json(read_key.get("/api/obs/events"))["events"]
    return [{k: v for k, v in one.items() if k not in {"id", "received_at"}} for one in found]


def sent_event(read_key: Caller) -> dict[str, Any]:
    [event] = events(read_key)
    return event


def test_a_request_of_claude_code_is_stored_as_a_call(ingest_key: Caller, read_key: Caller):
    send(ingest_key, now())
    event = sent_event(read_key)
    assert (event["event_type"], event["agent"]) == ("llm_call", "claude-code")
    assert (event["tokens_in"], event["tokens_out"]) == (1310, 20)
    assert (event["cost_usd"], event["cost_source"]) == (Decimal("0.002205"), "price_list")
    assert (event["span_id"], event["run_id"], event["latency_ms"]) == (None, None, 1500)
    assert event["dedupe_key"].startswith("otel-log:")


def test_each_command_line_agent_has_its_calls(ingest_key: Caller, read_key: Caller):
    send(
        ingest_key,
        *(now(make) for make in (codex_response, gemini_response, gemini_details)),
        now(claude_tool),
    )
    found = {(one["agent"], one["event_type"]): one["tokens_in"] for one in events(read_key)}
    assert found == {
        ("codex_cli_rs", "llm_call"): 1200,
        ("gemini-cli", "llm_call"): 500,
        ("claude-code", "tool_call"): None,
    }


@pytest.mark.parametrize(
    "options", [{}, {"preserving_proto_field_name": True}, {"use_integers_for_enums": True}]
)
def test_json_in_every_spelling_says_the_same_as_protobuf(
    new_key: NewKey, ada: Person, bobs_key: Caller, options: dict[str, bool]
):
    one, two = new_key(ada, "ingest", "read"), bobs_key
    request = request_of(now(trace_id="4b" * 16, span_id="00f067aa0ba902b7"))
    assert post(one, request.SerializeToString()).status_code == 200
    response = post(two, in_json(request, **options), f"{JSON}; charset=utf-8")
    assert (response.status_code, response.mimetype, response.json) == (200, JSON, {})
    first, second = sent_event(one), sent_event(two)
    del first["agent_id"], second["agent_id"]
    assert first == second
    assert (first["trace_id"], first["parent_span_id"]) == ("4b" * 16, "00f067aa0ba902b7")


def test_a_zipped_request_is_taken(ingest_key: Caller, read_key: Caller):
    body = gzip.compress(request_of(now()).SerializeToString())
    response = post(ingest_key, body, **{"Content-Encoding": "gzip"})
    assert (response.status_code, response.data) == (200, b"")
    assert sent_event(read_key)["tokens_in"] == 1310


def test_a_repeat_changes_nothing(ingest_key: Caller, read_key: Caller):
    record = now()
    for _ in range(2):
        send(ingest_key, record, record)
    assert sent_event(read_key)["tokens_in"] == 1310


def test_a_record_without_a_time_happened_when_it_was_observed(
    ingest_key: Caller, read_key: Caller
):
    at_ns = time.time_ns()
    request = request_of(now(codex_response), time_unix_nano=0, observed_time_unix_nano=at_ns)
    assert post(ingest_key, request.SerializeToString()).data == b""
    assert sent_event(read_key)["model"] == "gpt-5-codex"


@pytest.mark.parametrize("bad", [b"x", bytes(16), b""])
def test_an_impossible_trace_is_none(ingest_key: Caller, read_key: Caller, bad: bytes):
    request = request_of(now(), trace_id=bad, span_id=b"12345678")
    assert post(ingest_key, request.SerializeToString()).data == b""
    event = sent_event(read_key)
    assert (event["trace_id"], event["parent_span_id"]) == (None, None)


def test_other_logs_are_accepted_and_ignored(ingest_key: Caller, read_key: Caller):
    other = LogRecord(("my.event", "a line of text"), 0, {"level": "info"})
    send(ingest_key, other, now(claude_log, event="user_prompt"), now(gemini_details))
    assert events(read_key) == []


@pytest.mark.parametrize(
    ("at_ns", "word"),
    [(0, "time_unix_nano"), (1, "older"), (2**64 - 1, "future"), ("later", "future")],
)
@pytest.mark.parametrize("content_type", [PROTOBUF, JSON])
def test_a_record_that_cannot_be_is_counted_and_the_others_are_stored(
    ingest_key: Caller, read_key: Caller, at_ns: int | str, word: str, content_type: str
):
    time_ns = at_ns if isinstance(at_ns, int) else time.time_ns() + HOUR_NS
    request = request_of(now(), claude_request(request_id="bad", at_ns=time_ns))
    body = request.SerializeToString() if content_type == PROTOBUF else in_json(request)
    response = post(ingest_key, body, content_type)
    assert (response.status_code, response.mimetype) == (200, content_type)
    if content_type == JSON:
        told = exact_json(response)["partialSuccess"]
        rejected, message = int(told["rejectedLogRecords"]), told["errorMessage"]
    else:
        partial = ExportLogsServiceResponse.FromString(response.data).partial_success
        rejected, message = partial.rejected_log_records, partial.error_message
    assert rejected == 1
    assert word in message
    assert sent_event(read_key)["tokens_in"] == 1310


@pytest.mark.parametrize("value", ["1e30", "NaN", "-5", "[" * 10_000, "é" * 500, "9" * 400])
def test_an_absurd_value_spoils_no_record(ingest_key: Caller, read_key: Caller, value: str):
    odd = now(
        cost_usd=value, duration_ms=value, input_tokens=value, cache_read_tokens=value, model=value
    )
    send(ingest_key, odd, now(request_id="good"))
    assert len(events(read_key)) == 2


def test_a_call_that_spans_tell_too_counts_once(ingest_key: Caller, read_key: Caller):
    span = chat_span()
    span.attributes.append(attribute("gen_ai.response.id", "req_7"))
    body = trace_request_of(span).SerializeToString()
    log = now(model="gpt-4o", request_id="req_7", input_tokens=100, output_tokens=10)
    send(ingest_key, replace(log, attributes={**log.attributes, **_NO_CACHE}))
    ingest_key.post("/v1/traces", data=body, content_type=PROTOBUF)
    (overview,) = [exact_json(read_key.get("/api/obs/metrics/overview"))["today"]]
    assert (overview["llm_calls"], overview["total_events"]) == (1, 2)
    reasons = sorted(str(one["set_aside_reason"]) for one in events(read_key))
    assert reasons == ["None", "same_response"]


_NO_CACHE = {"cache_read_tokens": 0, "cache_creation_tokens": 0, "cache_creation_1h_tokens": 0}


@pytest.mark.parametrize("body", [b"\xff\xff\xff", b"not protobuf", b"{}"])
def test_broken_protobuf_is_a_status_in_protobuf(ingest_key: Caller, body: bytes):
    response = post(ingest_key, body)
    assert (response.status_code, response.mimetype) == (400, PROTOBUF)
    status = Status.FromString(response.data)
    assert status.code == 3
    assert "ExportLogsServiceRequest" in status.message


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"1",
        b"\xff",
        b'{"resourceLogs":5}',
        b'{"resourceLogs":[5]}',
        b'{"resourceLogs":[{"scopeLogs":{}}]}',
        b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"x"}]}]}]}',
        b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"traceId":7}]}]}]}',
        b'{"resourceLogs":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    ],
)
def test_broken_json_is_a_status_in_json(ingest_key: Caller, body: bytes):
    response = post(ingest_key, body, JSON)
    assert (response.status_code, response.mimetype) == (400, JSON)
    status = exact_json(response)
    assert status["code"] == 3
    assert len(status["message"]) > 10


@pytest.mark.parametrize("content_type", [PROTOBUF, JSON])
def test_errors_of_access_speak_the_request_s_encoding(
    client: FlaskClient, read_key: Caller, content_type: str
):
    for headers, http_status in (({}, 401), (read_key.headers, 403)):
        response = client.post("/v1/logs", data=b"", content_type=content_type, headers=headers)
        assert (response.status_code, response.mimetype) == (http_status, content_type)


def test_other_types_encodings_and_methods_are_refused(ingest_key: Caller):
    assert post(ingest_key, b"", "text/plain").status_code == 415
    assert post(ingest_key, b"", **{"Content-Encoding": "zstd"}).status_code == 415
    assert post(ingest_key, b"plain", **{"Content-Encoding": "gzip"}).status_code == 400
    assert ingest_key.get("/v1/logs").status_code == 405


def test_what_unzips_to_too_much_is_refused(new_app: NewApp, web: Web, ingest_key: Caller):
    url = web.engine.url.render_as_string(hide_password=False)
    small = Settings(url, "s", max_decompressed_bytes=1000)
    caller = Caller(new_app(small).test_client(), ingest_key.headers)
    for size, status in ((1000, 400), (1001, 413)):
        body = gzip.compress(b"\xff" * size)
        assert post(caller, body, **{"Content-Encoding": "gzip"}).status_code == status


FUZZ = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
_WHOLE = request_of(claude_request()).SerializeToString()


@FUZZ
@given(
    body=st.binary(max_size=100)
    | st.builds(
        lambda at, noise: _WHOLE[:at] + noise + _WHOLE[at + 1 :],
        st.integers(0, len(_WHOLE)),
        st.binary(max_size=3),
    )
)
def test_no_bytes_whatever_make_it_stumble(ingest_key: Caller, body: bytes):
    for content_type in (PROTOBUF, JSON):
        assert post(ingest_key, body, content_type).status_code in {200, 400}


_LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10)
_KEYS = ["timeUnixNano", "attributes", "body", "traceId", "spanId", "eventName", "key", "value"]
_TREES = st.recursive(
    _LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_KEYS), inner, max_size=4)
    ),
    max_leaves=10,
)


@FUZZ
@given(tree=_TREES, field=st.sampled_from(_KEYS))
def test_no_json_whatever_makes_it_stumble(ingest_key: Caller, tree: Any, field: str):
    whole = json.loads(in_json(request_of(claude_request())))
    whole["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0][field] = tree
    for body in (tree, {"resourceLogs": tree}, whole):
        data = json.dumps(body).encode()
        assert post(ingest_key, data, JSON).status_code in {200, 400}
