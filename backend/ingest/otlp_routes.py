"""`/v1/…`: OTLP/HTTP, as any OpenTelemetry SDK or Collector sends it."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, request
from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from backend.auth.access import with_ingest_key
from backend.body import read_body
from backend.clock import now_us
from backend.errors import ApiError
from backend.ingest.otlp import parse_json, parse_protobuf, records_of
from backend.ingest.service import Receipt, TimeWindow, store_spans
from backend.rpc_status import message_answer, speaks_protobuf
from backend.services import services

blueprint = Blueprint("otlp", __name__, url_prefix="/v1")

_SHOWN_REASONS = 3


@blueprint.post("/traces")
@with_ingest_key
def traces(owner_id: int) -> Response:
    """Store the events of the spans; 200 means committed, but for what partial_success names."""
    parse = _parser()
    app, now = services(), now_us()
    receipt = store_spans(
        app.store,
        owner_id,
        spans=records_of(parse(read_body(request, app.settings))),
        book=app.books.of(owner_id),
        window=TimeWindow.around(now, retention_days=app.settings.retention_days),
        capture_content=app.settings.capture_content,
    )
    return message_answer(request, _response(receipt))


@blueprint.post("/metrics")
@with_ingest_key
def metrics(_owner_id: int) -> Response:
    """Accept metrics, of which nothing is used."""
    return _ignored(ExportMetricsServiceResponse())


@blueprint.post("/logs")
@with_ingest_key
def logs(_owner_id: int) -> Response:
    """Accept logs, of which nothing is used."""
    return _ignored(ExportLogsServiceResponse())


def _ignored(response: Message) -> Response:
    _parser()
    read_body(request, services().settings)
    return message_answer(request, response)


def _parser() -> Callable[[bytes], ExportTraceServiceRequest]:
    """Return what reads the body's encoding; raise 415 for one that OTLP does not have."""
    if speaks_protobuf(request):
        return parse_protobuf
    if request.mimetype == "application/json":
        return parse_json
    given = request.mimetype or "none"
    raise ApiError(
        415, f"Content-Type must be application/x-protobuf or application/json, not {given}"
    )


def _response(receipt: Receipt) -> ExportTraceServiceResponse:
    """Return the response; `partial_success` is set only where spans were rejected."""
    if not receipt.rejected:
        return ExportTraceServiceResponse()
    reasons = list(dict.fromkeys(reason for _, reason in receipt.rejected))
    more = len(reasons) - _SHOWN_REASONS
    message = "; ".join(reasons[:_SHOWN_REASONS]) + (f"; and {more} more" if more > 0 else "")
    return ExportTraceServiceResponse(
        partial_success=ExportTracePartialSuccess(
            rejected_spans=len(receipt.rejected), error_message=message
        )
    )
