"""OTLP log requests for tests, from records as the mapping sees them."""

from __future__ import annotations

import json
from typing import Any

from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import (
    AnyValue,
    ArrayValue,
    InstrumentationScope,
    KeyValue,
)
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord as SentRecord
from opentelemetry.proto.logs.v1.logs_pb2 import ResourceLogs, ScopeLogs
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from otel_bridge.log_record import LogRecord


def request_of(*records: LogRecord, **changes: Any) -> ExportLogsServiceRequest:
    """Return a request with each record in a resource of its own; its last name is the body."""
    return ExportLogsServiceRequest(
        resource_logs=[
            ResourceLogs(
                resource=Resource(attributes=pairs(record.resource.attributes)),
                scope_logs=[
                    ScopeLogs(
                        scope=InstrumentationScope(name=record.scope_name),
                        log_records=[sent(record, **changes)],
                    )
                ],
            )
            for record in records
        ]
    )


def sent(record: LogRecord, **changes: Any) -> SentRecord:
    """Return the record as it is sent."""
    fields: dict[str, Any] = {
        "time_unix_nano": record.time_ns,
        "attributes": pairs(record.attributes),
        "body": AnyValue(string_value=record.names[-1]),
        "trace_id": bytes.fromhex(record.trace_id or ""),
        "span_id": bytes.fromhex(record.span_id or ""),
    }
    return SentRecord(**(fields | changes))


def pairs(attributes: Any) -> list[KeyValue]:
    """Return attributes as OTLP writes them."""
    return [KeyValue(key=key, value=_value(value)) for key, value in attributes.items()]


def _value(value: Any) -> AnyValue:
    if isinstance(value, list):
        return AnyValue(array_value=ArrayValue(values=[_value(item) for item in value]))
    kinds = {bool: "bool_value", int: "int_value", float: "double_value", str: "string_value"}
    return AnyValue(**{kinds[type(value)]: value})


def in_json(request: ExportLogsServiceRequest, **options: Any) -> bytes:
    """Return a request as OTLP/JSON, with hex ids."""
    tree = MessageToDict(request, **options)
    for resource_logs, told in zip(request.resource_logs, next(iter(tree.values())), strict=True):
        for record, written in zip(
            resource_logs.scope_logs[0].log_records, _written(told), strict=True
        ):
            written |= {"traceId": record.trace_id.hex(), "spanId": record.span_id.hex()}
    return json.dumps(tree).encode()


def _written(resource_logs: dict[str, Any]) -> list[dict[str, Any]]:
    scope_logs = resource_logs.get("scopeLogs") or resource_logs["scope_logs"]
    found: list[dict[str, Any]] = scope_logs[0].get("logRecords") or scope_logs[0]["log_records"]
    return found
