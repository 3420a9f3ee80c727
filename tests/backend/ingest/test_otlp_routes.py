"""`/v1/…`: OTLP as SDKs and Collectors send it, protobuf and JSON."""

from __future__ import annotations

import gzip
import json
import time
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient
from google.protobuf.json_format import MessageToDict
from google.rpc.status_pb2 import Status
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from werkzeug.test import TestResponse

from backend.settings import Settings
from tests.backend.conftest import Caller, NewApp, NewKey, Person, Web, exact_json
from tests.backend.ingest.spans import CAPTURES, SPAN_ID, TRACE_ID, attribute, chat_span, request_of

PROTOBUF = "application/x-protobuf"
JSON = "application/json"
HOUR_NS = 3600 * 10**9


def post(caller: Caller, body: bytes, content_type: str = PROTOBUF, **head: str) -> TestResponse:
    return caller.post("/v1/traces", data=body, content_type=content_type, headers=head)


def hex_json(request: ExportTraceServiceRequest, **options: Any) -> dict[str, Any]:
    """Return a request as OTLP/JSON, with hex ids."""
    tree = MessageToDict(request, **options)
    text = json.dumps(tree)
    for raw in (TRACE_ID, SPAN_ID):
        encoded = MessageToDict(Span(trace_id=raw))["traceId"]
        text = text.replace(encoded, raw.hex())
    found: dict[str, Any] = json.loads(text)
    return found


def sent_event(read_key: Caller) -> dict[str, Any]:
    """Return the one event there is, without what differs from one delivery to the next."""
    [event] = exact_json(read_key.get("/api/obs/events"))["events"]
    return {name: value for name, value in event.items() if name not in {"id", "received_at"}}


def test_a_call_is_stored_with_its_cost_and_agent(ingest_key: Caller, read_key: Caller):
    response = post(ingest_key, request_of(chat_span()).SerializeToString())
    assert (response.status_code, response.mimetype) == (200, PROTOBUF)
    assert ExportTraceServiceResponse.FromString(response.data) == ExportTraceServiceResponse()
    event = sent_event(read_key)
    assert event["event_type"] == "llm_call"
    assert event["agent"] == "shop"
    assert (event["model"], event["tokens_in"]) == ("gpt-4o-2024-08-06", 100)
    assert (event["cost_usd"], event["cost_source"]) == (Decimal("0.00035"), "price_list")
    assert event["dedupe_key"] == f"otel:{TRACE_ID.hex()}:{SPAN_ID.hex()}:llm_call"


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"preserving_proto_field_name": True},
        {"use_integers_for_enums": True},
    ],
)
def test_json_in_every_spelling_says_the_same_as_protobuf(
    new_key: NewKey, ada: Person, bobs_key: Caller, options: dict[str, bool]
):
    request = request_of(chat_span(kind=Span.SPAN_KIND_CLIENT))
    one, two = new_key(ada, "ingest", "read"), bobs_key
    assert post(one, request.SerializeToString()).status_code == 200
    tree = json.dumps(hex_json(request, **options)).encode()
    response = post(two, tree, f"{JSON}; charset=utf-8")
    assert (response.status_code, response.mimetype, response.json) == (200, JSON, {})
    first, second = sent_event(one), sent_event(two)
    del first["agent_id"], second["agent_id"]
    assert first == second


def test_whole_numbers_may_be_texts_or_numbers(ingest_key: Caller, read_key: Caller):
    tree = hex_json(request_of(chat_span()))
    [span] = tree["resourceSpans"][0]["scopeSpans"][0]["spans"]
    span["startTimeUnixNano"] = int(span["startTimeUnixNano"])
    span["attributes"][4]["value"] = {"intValue": 100}
    span["traceId"] = span["traceId"].upper()
    tree["fieldOfALaterVersion"] = {"x": 1}
    assert post(ingest_key, json.dumps(tree).encode(), JSON).json == {}
    assert sent_event(read_key)["tokens_in"] == 100


def test_a_real_export_of_each_encoding_is_taken(bobs_key: Caller):
    for name, content_type in (
        ("vercel-ai-sdk-v6.otlp.json", JSON),
        ("openinference-openai.pb", PROTOBUF),
    ):
        body = gzip.compress((CAPTURES / name).read_bytes())
        response = post(bobs_key, body, content_type, **{"Content-Encoding": "gzip"})
        assert response.status_code == 200, response.text


def test_a_repeat_changes_nothing(ingest_key: Caller, read_key: Caller):
    body = request_of(chat_span()).SerializeToString()
    for _ in range(2):
        response = post(ingest_key, body)
        assert response.data == b""
    assert sent_event(read_key)["tokens_in"] == 100


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"trace_id": b""}, "trace_id"),
        ({"trace_id": bytes(16)}, "trace_id"),
        ({"span_id": bytes(8)}, "span_id"),
        ({"span_id": b"x"}, "span_id"),
        ({"parent_span_id": b"x"}, "parent_span_id"),
        ({"end_time_unix_nano": 0}, "end_time"),
        ({"end_time_unix_nano": 2**64 - 1}, "future"),
        ({"start_time_unix_nano": 1, "end_time_unix_nano": 2}, "older"),
        ({"end_time_unix_nano": time.time_ns() + HOUR_NS}, "future"),
    ],
)
@pytest.mark.parametrize("content_type", [PROTOBUF, JSON])
def test_a_span_that_cannot_be_is_counted_and_the_others_are_stored(
    ingest_key: Caller, read_key: Caller, changes: dict[str, Any], word: str, content_type: str
):
    good, bad = chat_span(), chat_span(**({"span_id": b"bad-span"} | changes))
    request = request_of(good, bad)
    body = request.SerializeToString()
    if content_type == JSON:
        tree = MessageToDict(request)
        spans = tree["resourceSpans"][0]["scopeSpans"][0]["spans"]
        for span, written in zip((good, bad), spans, strict=True):
            written |= {"traceId": span.trace_id.hex(), "spanId": span.span_id.hex()}
            written["parentSpanId"] = span.parent_span_id.hex()
        body = json.dumps(tree).encode()
    response = post(ingest_key, body, content_type)
    assert (response.status_code, response.mimetype) == (200, content_type)
    if content_type == JSON:
        told = exact_json(response)["partialSuccess"]
        rejected, message = int(told["rejectedSpans"]), told["errorMessage"]
    else:
        partial = ExportTraceServiceResponse.FromString(response.data).partial_success
        rejected, message = partial.rejected_spans, partial.error_message
    assert rejected == 1
    assert word in message
    assert sent_event(read_key)["span_id"] == SPAN_ID.hex()


@pytest.mark.parametrize("cost", ["1e30", "1e999999999", "1e-999999999"])
def test_an_absurd_value_spoils_no_span(ingest_key: Caller, read_key: Caller, cost: str):
    odd = chat_span(span_id=b"\1" * 8)
    odd.attributes.append(attribute("gen_ai.usage.cost", cost))
    odd.attributes.append(attribute("gen_ai.response.finish_reasons", "[" * 100_000))
    response = post(ingest_key, request_of(chat_span(), odd).SerializeToString())
    assert (response.status_code, response.data) == (200, b"")
    assert exact_json(read_key.get("/api/obs/events"))["total"] == 2


@pytest.mark.parametrize("bad", ["xyz", "é" * 16, "4bf9", ""])
def test_json_ids_that_are_no_hex_are_counted(ingest_key: Caller, bad: str):
    tree = hex_json(request_of(chat_span()))
    tree["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["traceId"] = bad
    told = exact_json(post(ingest_key, json.dumps(tree).encode(), JSON))
    assert told["partialSuccess"]["rejectedSpans"] == "1"


def test_a_root_may_name_its_parent_with_zeros_or_nothing(ingest_key: Caller, read_key: Caller):
    span = chat_span(parent_span_id=bytes(8))
    assert post(ingest_key, request_of(span).SerializeToString()).data == b""
    assert sent_event(read_key)["parent_span_id"] is None


@pytest.mark.parametrize("body", [b"\xff\xff\xff", b"not protobuf", b"{}"])
def test_broken_protobuf_is_a_status_in_protobuf(ingest_key: Caller, body: bytes):
    response = post(ingest_key, body)
    assert (response.status_code, response.mimetype) == (400, PROTOBUF)
    status = Status.FromString(response.data)
    assert status.code == 3
    assert len(status.message) > 10


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"1",
        b"\xff",
        b'{"resourceSpans":5}',
        b'{"resourceSpans":[5]}',
        b'{"resourceSpans":[{"scopeSpans":{}}]}',
        b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"startTimeUnixNano":"x"}]}]}]}',
        b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"startTimeUnixNano":-1}]}]}]}',
        b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":7}]}]}]}',
        b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"attributes":{"a":1}}]}]}]}',
        b'{"resourceSpans":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    ],
)
def test_broken_json_is_a_status_in_json(ingest_key: Caller, body: bytes):
    response = post(ingest_key, body, JSON)
    assert (response.status_code, response.mimetype) == (400, JSON)
    status = exact_json(response)
    assert status["code"] == 3
    assert len(status["message"]) > 10


@pytest.mark.parametrize("content_type", [PROTOBUF, JSON])
def test_errors_of_access_speak_the_requests_encoding(
    client: FlaskClient, read_key: Caller, content_type: str
):
    for headers, http_status, code in (({}, 401, 16), (read_key.headers, 403, 7)):
        response = client.post("/v1/traces", data=b"", content_type=content_type, headers=headers)
        assert (response.status_code, response.mimetype) == (http_status, content_type)
        if content_type == JSON:
            assert exact_json(response)["code"] == code
        else:
            assert Status.FromString(response.data).code == code


def test_other_types_encodings_and_methods_are_refused(ingest_key: Caller):
    assert post(ingest_key, b"", "text/plain").status_code == 415
    assert post(ingest_key, b"", "").status_code == 415
    assert post(ingest_key, b"", **{"Content-Encoding": "zstd"}).status_code == 415
    assert post(ingest_key, b"plain", **{"Content-Encoding": "gzip"}).status_code == 400
    assert ingest_key.get("/v1/traces").status_code == 405
    assert ingest_key.get("/v1/nothing").status_code == 404


def test_what_unzips_to_too_much_is_refused(new_app: NewApp, web: Web, ingest_key: Caller):
    url = web.engine.url.render_as_string(hide_password=False)
    small = Settings(url, "s", max_decompressed_bytes=1000)
    caller = Caller(new_app(small).test_client(), ingest_key.headers)
    for size, status in ((1000, 400), (1001, 413)):
        body = gzip.compress(b"\xff" * size)
        assert post(caller, body, **{"Content-Encoding": "gzip"}).status_code == status


@pytest.mark.parametrize(("content_type", "empty"), [(PROTOBUF, b""), (JSON, b"{}")])
def test_metrics_are_accepted_and_ignored(
    ingest_key: Caller, read_key: Caller, content_type: str, empty: bytes
):
    response = ingest_key.post("/v1/metrics", data=b"whatever", content_type=content_type)
    assert (response.status_code, response.mimetype) == (200, content_type)
    assert response.data == empty
    assert exact_json(read_key.get("/api/obs/events"))["total"] == 0


FUZZ = settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
_WHOLE = request_of(chat_span()).SerializeToString()


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
_KEYS = [
    "resourceSpans",
    "scopeSpans",
    "spans",
    "attributes",
    "key",
    "value",
    "stringValue",
    "intValue",
    "doubleValue",
    "arrayValue",
    "values",
    "traceId",
    "spanId",
    "parentSpanId",
    "startTimeUnixNano",
    "endTimeUnixNano",
    "events",
    "links",
    "status",
    "code",
    "kind",
    "resource",
    "scope",
    "name",
    "bytesValue",
    "kvlistValue",
]
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
    whole = hex_json(request_of(chat_span()))
    whole["resourceSpans"][0]["scopeSpans"][0]["spans"][0][field] = tree
    for body in (tree, {"resourceSpans": tree}, whole):
        data = json.dumps(body).encode()
        assert post(ingest_key, data, JSON).status_code in {200, 400}
