"""OTLP log requests, protobuf and JSON, as `LogRecord`s."""

from __future__ import annotations

from collections.abc import Iterator

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord as SentRecord

from backend.ingest.otlp_body import Signal, attributes_of
from otel_bridge.log_record import LogRecord
from otel_bridge.record import Resource

LOGS = Signal(
    "logs",
    ExportLogsServiceRequest,
    (("resourceLogs", "resource_logs"), ("scopeLogs", "scope_logs"), ("logRecords", "log_records")),
)


def logs_of(request: ExportLogsServiceRequest) -> list[LogRecord]:
    """Return every log record of the request in its order."""
    records: list[LogRecord] = []
    for resource_logs in request.resource_logs:
        resource = Resource.of(attributes_of(resource_logs.resource.attributes))
        for scope_logs in resource_logs.scope_logs:
            scope = scope_logs.scope
            records.extend(_record(sent, scope, resource) for sent in scope_logs.log_records)
    return records


def _record(sent: SentRecord, scope: InstrumentationScope, resource: Resource) -> LogRecord:
    attributes = attributes_of(sent.attributes)
    trace_id, span_id = _place(sent)
    return LogRecord(
        names=tuple(_names(sent, attributes.get("event.name"))),
        time_ns=sent.time_unix_nano or sent.observed_time_unix_nano,
        attributes=attributes,
        trace_id=trace_id,
        span_id=span_id,
        scope_name=scope.name,
        scope_version=scope.version,
        resource=resource,
    )


def _names(sent: SentRecord, told: object) -> Iterator[str]:
    """Yield what may be the event's name: an attribute, OTLP's field for it, or the whole body."""
    if isinstance(told, str):
        yield told
    if sent.event_name:
        yield sent.event_name
    if sent.body.HasField("string_value"):
        yield sent.body.string_value


def _place(sent: SentRecord) -> tuple[str | None, str | None]:
    """Return trace id and span id; None where the record was written in no span."""
    if len(sent.trace_id) != 16 or not any(sent.trace_id):
        return None, None
    if len(sent.span_id) != 8 or not any(sent.span_id):
        return sent.trace_id.hex(), None
    return sent.trace_id.hex(), sent.span_id.hex()
