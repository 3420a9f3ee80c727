from __future__ import annotations

import pytest
from opentelemetry.sdk.resources import Resource as SdkResource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer

from otel_bridge.span_processor.sdk_span import Resources, record_from
from tests.otel_bridge.spans import hex_ids, readable, start


@pytest.fixture
def tracer() -> Tracer:
    provider = TracerProvider(
        resource=SdkResource({"service.name": "shop", "list": ("a", "b")}), shutdown_on_exit=False
    )
    return provider.get_tracer("scope", "1.2")


def test_a_finished_span_is_told_in_our_terms(tracer: Tracer):
    parent = start(tracer, "above")
    span = start(tracer, "chat", attributes={"n": 1}, parent=parent, start_time=1000)
    span.set_attribute("list", ["x", "y"])
    span.add_event("exception", {"exception.type": "ValueError"}, timestamp=1500)
    span.set_status(Status(StatusCode.ERROR, "broken"))
    span.end(2000)

    record = record_from(readable(span))

    assert (record.trace_id, record.span_id) == hex_ids(span)
    assert record.parent_span_id == hex_ids(parent)[1]
    assert (record.name, record.kind) == ("chat", "internal")
    assert (record.start_ns, record.end_ns) == (1000, 2000)
    assert record.attributes == {"n": 1, "list": ["x", "y"]}
    assert [(e.name, e.time_ns, e.attributes) for e in record.events] == [
        ("exception", 1500, {"exception.type": "ValueError"})
    ]
    assert (record.status_code, record.status_message) == ("error", "broken")
    assert (record.scope_name, record.scope_version) == ("scope", "1.2")
    assert record.resource.service_name == "shop"
    assert record.resource.attributes["list"] == ["a", "b"]


def test_a_live_span_has_no_end(tracer: Tracer):
    span = tracer.start_span("agent", kind=SpanKind.CLIENT)
    record = record_from(readable(span))
    assert record.end_ns is None
    assert record.kind == "client"
    assert record.parent_span_id is None


def test_spans_of_one_resource_share_our_resource(tracer: Tracer):
    resources = Resources()
    first, second = (record_from(readable(start(tracer, "x")), resources) for _ in range(2))
    assert first.resource is second.resource


def test_a_span_without_identity_is_refused():
    with pytest.raises(ValueError, match="context"):
        record_from(ReadableSpan("nothing"))
