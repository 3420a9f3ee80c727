"""`POST /ingest/events`: what is stored, what is rejected, and why."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from otel_bridge.event import EVENT_TYPES, Event
from tests.backend.conftest import Caller, NewKey, Person, exact_json

PATH = "/api/obs/ingest/events"
TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
METRIC = {"event_type": "metric"}


def stored(read_key: Caller) -> dict[str, Any]:
    """Return the one event there is."""
    [event] = exact_json(read_key.get("/api/obs/events"))["events"]
    found: dict[str, Any] = event
    return found


def reason(ingest_key: Caller, **event: Any) -> str:
    """Return why an event is rejected."""
    answer = ingest_key.ingest(METRIC | event)
    assert answer["accepted"] == 0, answer
    [rejected] = answer["rejected"]
    assert rejected["index"] == 0
    return str(rejected["reason"])


def test_every_field_comes_back_as_it_was_sent(ingest_key: Caller, read_key: Caller):
    happened = datetime.now(UTC).replace(microsecond=123456)
    sent: dict[str, Any] = {
        "event_type": "llm_call",
        "status": "success",
        "run_id": str(uuid4()),
        "provider": "openai",
        "model": "gpt-4o",
        "tokens_in": 1200,
        "tokens_out": 34,
        "tokens_cache_read": 1000,
        "tokens_cache_write": 0,
        "tokens_reasoning": 30,
        "latency_ms": 56,
        "payload": {"note": "ü\0", "deep": [{"a": 1.5}], "big": 2**70},
        "dedupe_key": "k1",
        "trace_id": TRACE,
        "span_id": SPAN,
        "parent_span_id": "b" * 16,
        "name": "chat",
        "operation": "chat",
    }
    answer = ingest_key.ingest(
        sent | {"agent": "bot", "cost_usd": 0.000000125, "created_at": happened.isoformat()}
    )
    assert answer == {"accepted": 1, "rejected": [], "duplicates": 0, "total_submitted": 1}
    event = stored(read_key)
    assert event["cost_usd"] == Decimal("0.000000125")
    assert event["cost_source"] == "client"
    assert event["created_at"] == happened.strftime("%Y-%m-%dT%H:%M:%S.123456Z")
    assert event["agent"] == "bot"
    assert event["payload"] == sent["payload"] | {"cost_source": "client"}
    del sent["payload"]
    assert {name: event[name] for name in sent} == sent


def test_what_the_bridge_writes_is_what_the_api_reads(ingest_key: Caller):
    now_us = int(datetime.now(UTC).timestamp() * 1_000_000)
    event = Event(
        "llm_call",
        now_us,
        status="success",
        agent="bot",
        cost_usd=Decimal("1E-9"),
        payload={"a": 1},
        trace_id=TRACE,
        span_id=SPAN,
        started_at_us=now_us - 5,
        scope="tracer",
        resource="0" * 16,
        response_id="r1",
    )
    link = {"trace_id": TRACE, "span_id": "c" * 16, "parent_span_id": SPAN}
    assert ingest_key.ingest(event.to_dict(), links=[link])["accepted"] == 1


@pytest.mark.parametrize(
    ("written", "answered"),
    [
        (0, b"0"),
        ("0.1", b"0.1"),
        (0.1, b"0.1"),
        ("1e-9", b"0.000000001"),
        (1e-7, b"0.0000001"),
        ("12.3400000000", b"12.34"),
        ("100", b"100"),
        ("0.0000000005", b"0"),
        ("0.0000000015", b"0.000000002"),
        (999999.999999999, b"999999.999999999"),
        ("-0", b"0"),
    ],
)
def test_money_is_answered_as_the_number_that_was_sent(
    ingest_key: Caller, read_key: Caller, written: object, answered: bytes
):
    assert ingest_key.ingest(METRIC | {"cost_usd": written})["accepted"] == 1
    assert b'"cost_usd":' + answered + b"," in read_key.get("/api/obs/events").data


def test_a_single_object_is_a_batch_of_one(ingest_key: Caller):
    answer = exact_json(ingest_key.post(PATH, METRIC))
    assert answer == {"accepted": 1, "rejected": [], "duplicates": 0, "total_submitted": 1}


def test_every_type_is_taken(ingest_key: Caller):
    answer = ingest_key.ingest(*({"event_type": name} for name in EVENT_TYPES))
    assert answer["accepted"] == len(EVENT_TYPES) == 10


def test_nulls_and_unknown_fields_mean_nothing(ingest_key: Caller, read_key: Caller):
    silent = dict.fromkeys(("status", "model", "agent", "payload", "cost_usd", "created_at"))
    ingest_key.ingest(METRIC | silent | {"user_id": 999, "id": "x", "counted": False, "new": [1]})
    event = stored(read_key)
    assert (event["status"], event["model"], event["payload"]) == ("info", None, {})


def test_the_provider_may_stand_in_the_payload(ingest_key: Caller, read_key: Caller):
    ingest_key.ingest({"event_type": "llm_call", "payload": {"provider": "openai", "tool": 5}})
    assert stored(read_key)["provider"] == "openai"


def test_good_events_are_stored_beside_rejected_ones(ingest_key: Caller, read_key: Caller):
    answer = ingest_key.ingest(METRIC, {"event_type": "nope"}, METRIC, {"status": "success"})
    assert (answer["accepted"], answer["total_submitted"]) == (2, 4)
    assert [rejected["index"] for rejected in answer["rejected"]] == [1, 3]
    assert exact_json(read_key.get("/api/obs/events"))["total"] == 2


def test_a_repeat_is_a_duplicate_also_inside_one_batch(ingest_key: Caller, read_key: Caller):
    event = METRIC | {"dedupe_key": "once"}
    first = ingest_key.ingest(event, event)
    again = ingest_key.ingest(event)
    assert (first["accepted"], first["duplicates"], first["rejected"]) == (1, 1, [])
    assert (again["accepted"], again["duplicates"], again["rejected"]) == (0, 1, [])
    assert exact_json(read_key.get("/api/obs/events"))["total"] == 1


def test_one_thousand_events_are_taken_and_one_more_is_not(ingest_key: Caller):
    assert ingest_key.ingest(*[METRIC] * 1000)["accepted"] == 1000
    response = ingest_key.post(PATH, {"events": [METRIC] * 1001})
    assert response.status_code == 400
    assert "1000" in exact_json(response)["error"]


@pytest.mark.parametrize(
    "event",
    [
        {"event_type": "llm", "tokens_in": -1},
        {"tokens_in": "x", "event_type": "llm"},
        {"event_type": "llm", "status": "?", "agent_id": 2**80},
    ],
)
def test_an_unknown_type_is_the_first_thing_said(ingest_key: Caller, event: dict[str, Any]):
    [rejected] = ingest_key.ingest(event)["rejected"]
    assert rejected["reason"].startswith("invalid event_type 'llm'")


@pytest.mark.parametrize("given", [5, None, [], {"a": 1}, True])
def test_a_type_that_is_no_text_is_unknown_too(ingest_key: Caller, given: object):
    assert reason(ingest_key, event_type=given).startswith("invalid event_type '")


def test_a_missing_type_is_told(ingest_key: Caller):
    [rejected] = ingest_key.ingest({"status": "success"})["rejected"]
    assert rejected["reason"].startswith("event_type is missing")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("status", "ok"),
        ("status", 1),
        ("tokens_in", -1),
        ("tokens_in", 1.5),
        ("tokens_in", True),
        ("tokens_in", "5"),
        ("tokens_in", 2**63),
        ("tokens_in", 10**30),
        ("tokens_out", -(10**30)),
        ("tokens_cache_read", -1),
        ("latency_ms", -1),
        ("cost_usd", -0.01),
        ("cost_usd", "NaN"),
        ("cost_usd", "-Infinity"),
        ("cost_usd", "1e999999999"),
        ("cost_usd", "five"),
        ("cost_usd", True),
        ("cost_usd", 10**12),
        ("agent_id", 0),
        ("agent_id", -1),
        ("agent_id", 10**30),
        ("agent_id", "1"),
        ("agent_id", 424242),
        ("agent", ""),
        ("agent", "x" * 256),
        ("agent", "a\0b"),
        ("model", ["gpt"]),
        ("model", "x" * 256),
        ("provider", "x" * 65),
        ("run_id", "1234"),
        ("run_id", ""),
        ("payload", "text"),
        ("payload", [1]),
        ("payload", {"text": "x" * 70_000}),
        ("dedupe_key", "x" * 256),
        ("dedupe_key", ""),
        ("dedupe_key", "a\0b"),
        ("trace_id", "abc"),
        ("trace_id", "0" * 32),
        ("trace_id", "g" * 32),
        ("trace_id", "4" * 31 + "٤"),
        ("span_id", "a" * 17),
        ("parent_span_id", ""),
        ("created_at", "yesterday"),
        ("created_at", "2026-01-01"),
        ("created_at", "2026-01-01T00:00:00"),
        ("created_at", 1767225600),
        ("created_at", "0001-01-01T00:00:00+14:00"),
        ("created_at", "9999-12-31T23:59:59-14:00"),
        ("started_at", "soon"),
        ("started_at", "0001-01-01T00:00:00Z"),
    ],
)
def test_a_field_that_cannot_be_is_named(ingest_key: Caller, field: str, value: object):
    said = reason(ingest_key, **{field: value})
    assert field.removesuffix("_us") in said
    assert len(said) > 10


def test_a_payload_nested_too_deeply_is_rejected(ingest_key: Caller):
    payload: dict[str, Any] = {}
    for _ in range(100):
        payload = {"a": payload}
    assert "nested" in reason(ingest_key, payload=payload)


def test_ids_may_be_upper_case(ingest_key: Caller, read_key: Caller):
    ids = {"trace_id": TRACE.upper(), "span_id": SPAN.upper(), "run_id": str(uuid4()).upper()}
    ingest_key.ingest(METRIC | ids)
    event = stored(read_key)
    assert (event["trace_id"], event["span_id"]) == (TRACE, SPAN)
    assert event["run_id"] == ids["run_id"].lower()


def test_times_keep_their_microseconds_with_any_offset(ingest_key: Caller, read_key: Caller):
    moment = datetime.now(UTC).replace(microsecond=999999) - timedelta(minutes=1)
    ahead = moment.astimezone(datetime.strptime("+05:45", "%z").tzinfo)
    ingest_key.ingest(METRIC | {"created_at": ahead.isoformat()})
    assert stored(read_key)["created_at"] == moment.strftime("%Y-%m-%dT%H:%M:%S.999999Z")


@pytest.mark.parametrize(
    ("age", "word"), [(timedelta(minutes=-11), "future"), (timedelta(days=91), "older")]
)
def test_the_future_and_what_retention_drops_are_rejected(
    ingest_key: Caller, age: timedelta, word: str
):
    created_at = (datetime.now(UTC) - age).isoformat()
    assert word in reason(ingest_key, created_at=created_at)


@pytest.mark.parametrize("age", [timedelta(minutes=-9), timedelta(days=89)])
def test_a_clock_that_is_a_little_fast_and_late_events_are_taken(
    ingest_key: Caller, age: timedelta
):
    created_at = (datetime.now(UTC) - age).isoformat()
    assert ingest_key.ingest(METRIC | {"created_at": created_at})["accepted"] == 1


def test_a_foreign_agent_is_rejected_like_an_unknown_one(ingest_key: Caller, bobs_key: Caller):
    bobs_key.ingest(METRIC | {"agent": "his"})
    [his] = exact_json(bobs_key.get("/api/obs/agents"))["agents"]
    foreign, unknown = (reason(ingest_key, agent_id=agent_id) for agent_id in (his["id"], 424242))
    assert foreign.replace(str(his["id"]), "424242") == unknown


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"[{}]",
        b"null",
        b"1",
        b'"text"',
        b"\xff\xfe",
        b'{"event_type":"\xff"}',
        b'{"event_type":"\\ud800"}',
        b'{"events":null}',
        b'{"events":{}}',
        b'{"events":"x"}',
        b'{"events":[{"event_type":"metric"}',
        b'{"events":[],"links":5}',
        b'{"events":[],"links":[{}]}',
        b'{"events":[],"links":[{"trace_id":"1","span_id":"2","parent_span_id":"3"}]}',
        b'{"event_type":"metric","payload":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"event_type":"metric","cost_usd":NaN}',
        b'\xef\xbb\xbf{"event_type":"metric"}',
    ],
)
def test_a_body_that_is_no_batch_is_a_400(ingest_key: Caller, body: bytes):
    response = ingest_key.post(PATH, data=body, content_type="application/json")
    assert response.status_code == 400
    assert len(exact_json(response)["error"]) > 10


def test_half_a_surrogate_pair_spoils_no_other_event(ingest_key: Caller, read_key: Caller):
    smile = METRIC | {"payload": {"text": "\U0001f600 \\ud800"}}
    broken = METRIC | {"agent": "\ud800"}
    data = json.dumps({"events": [smile, broken, METRIC]}).encode()
    response = ingest_key.post(PATH, data=data, content_type="application/json")
    answer = exact_json(response)
    assert (answer["accepted"], answer["rejected"][0]["index"]) == (2, 1)
    texts = [e["payload"] for e in exact_json(read_key.get("/api/obs/events"))["events"]]
    assert smile["payload"] in texts


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-protobuf", "", "x"])
def test_another_content_type_is_a_415(ingest_key: Caller, content_type: str):
    response = ingest_key.post(PATH, data=b"{}", content_type=content_type)
    assert response.status_code == 415


def test_a_content_type_may_have_parameters(ingest_key: Caller):
    response = ingest_key.post(
        PATH, data=json.dumps(METRIC), content_type="application/json; charset=utf-8"
    )
    assert response.status_code == 200


def _gzipped(ingest_key: Caller, body: bytes, encoding: str = "gzip") -> int:
    head = {"Content-Encoding": encoding}
    return ingest_key.post(
        PATH, data=body, headers=head, content_type="application/json"
    ).status_code


def test_gzip_is_taken_in_one_or_more_members(ingest_key: Caller):
    text = json.dumps(METRIC).encode()
    assert _gzipped(ingest_key, gzip.compress(text)) == 200
    assert _gzipped(ingest_key, gzip.compress(text[:5]) + gzip.compress(text[5:]), "GZIP") == 200


def test_broken_gzip_is_a_400_and_another_encoding_a_415(ingest_key: Caller):
    whole = gzip.compress(json.dumps(METRIC).encode())
    assert _gzipped(ingest_key, whole[:-9]) == 400
    assert _gzipped(ingest_key, whole + b"rest") == 400
    assert _gzipped(ingest_key, b"plain") == 400
    assert _gzipped(ingest_key, whole, "br") == 415
    assert _gzipped(ingest_key, whole, "gzip, gzip") == 415


def test_gzip_of_very_many_members_is_refused(ingest_key: Caller):
    whole = gzip.compress(json.dumps(METRIC).encode())
    assert _gzipped(ingest_key, gzip.compress(b"") * 10_000 + whole) == 400


def test_a_body_that_unzips_to_too_much_is_a_413(ingest_key: Caller):
    bomb = gzip.compress(b" " * (65 * 1024 * 1024), compresslevel=1)
    assert _gzipped(ingest_key, bomb) == 413


def test_links_alone_are_taken(ingest_key: Caller):
    link = {"trace_id": TRACE, "span_id": "c" * 16, "parent_span_id": SPAN}
    assert ingest_key.ingest(links=[link])["total_submitted"] == 0
    response = ingest_key.post(PATH, {"events": [], "links": [link] * 5001})
    assert response.status_code == 400


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["metric", "llm_call", "1e999", "2026-01-01T00:00:00Z", "0" * 32, "a" * 16]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
fields = st.sampled_from(
    [name for name in Event.__dataclass_fields__ if not name.endswith("_us")]
    + ["created_at", "started_at", "payload", "event_type", "events", "links"]
)
FUZZ = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@FUZZ
@given(body=st.dictionaries(fields, json_values, max_size=6) | json_values)
def test_no_json_whatever_makes_the_server_stumble(ingest_key: Caller, body: Any):
    for sent in (body, {"events": [body, METRIC]}):
        data = json.dumps(sent).encode()
        response = ingest_key.post(PATH, data=data, content_type="application/json")
        assert response.status_code in {200, 400}, response.text


@FUZZ
@given(body=st.binary(max_size=200))
def test_no_bytes_whatever_make_the_server_stumble(ingest_key: Caller, body: bytes):
    for encoding in ("gzip", "identity"):
        head = {"Content-Encoding": encoding}
        response = ingest_key.post(PATH, data=body, headers=head, content_type="application/json")
        assert response.status_code in {200, 400}, response.text


def test_owners_have_their_own_events_and_keys_of_repeats(
    new_key: NewKey, ada: Person, bobs_key: Caller
):
    one, two = new_key(ada, "ingest", "read"), bobs_key
    event = METRIC | {"dedupe_key": "same", "agent": "bot"}
    assert one.ingest(event)["accepted"] == 1
    assert two.ingest(event)["accepted"] == 1
    for caller in (one, two):
        assert exact_json(caller.get("/api/obs/events"))["total"] == 1
