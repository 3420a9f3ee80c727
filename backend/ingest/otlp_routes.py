"""`/v1/…`: OTLP/HTTP, as any OpenTelemetry SDK or Collector sends it."""

from __future__ import annotations

from flask import Blueprint, Response, request
from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsPartialSuccess,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceResponse,
)

from backend.auth.access import with_ingest_key
from backend.body import read_body
from backend.clock import now_us
from backend.errors import ApiError
from backend.ingest.otlp import TRACES, records_of
from backend.ingest.otlp_body import Request, Signal
from backend.ingest.otlp_logs import LOGS, logs_of
from backend.ingest.service import Receipt, TimeWindow, store_logs, store_spans
from backend.rpc_status import message_answer, speaks_protobuf
from backend.services import services

blueprint = Blueprint("otlp", __name__, url_prefix="/v1")

_SHOWN_REASONS = 3


@blueprint.post("/traces")
@with_ingest_key
def traces(owner_id: int) -> Response:
    """Store the events of the spans; 200 means committed, but for what partial_success names."""
    app, spans = services(), records_of(_request(TRACES))
    receipt = store_spans(
        app.store,
        owner_id,
        spans=spans,
        book=app.books.of(owner_id),
        window=TimeWindow.around(now_us(), retention_days=app.retention.of(owner_id)),
        capture_content=app.settings.capture_content,
    )
    return message_answer(request, _traces_response(receipt))


@blueprint.post("/logs")
@with_ingest_key
def logs(owner_id: int) -> Response:
    """Store what logs tell of calls and tools; 200 means committed, but for partial_success."""
    app, records = services(), logs_of(_request(LOGS))
    receipt = store_logs(
        app.store,
        owner_id,
        logs=records,
        book=app.books.of(owner_id),
        window=TimeWindow.around(now_us(), retention_days=app.retention.of(owner_id)),
        capture_content=app.settings.capture_content,
    )
    return message_answer(request, _logs_response(receipt))


@blueprint.post("/metrics")
@with_ingest_key
def metrics(_owner_id: int) -> Response:
    """Accept metrics, of which nothing is used."""
    _speaks_protobuf()
    read_body(request, services().settings)
    return message_answer(request, ExportMetricsServiceResponse())


def _request(signal: Signal[Request]) -> Request:
    """Return the request in either encoding; raise 400 or 415 where it is none."""
    parse = signal.from_protobuf if _speaks_protobuf() else signal.from_json
    return parse(read_body(request, services().settings))


def _speaks_protobuf() -> bool:
    """Return whether the body is protobuf and not JSON; raise 415 for any other encoding."""
    if speaks_protobuf(request):
        return True
    if request.mimetype == "application/json":
        return False
    given = request.mimetype or "none"
    raise ApiError(
        415, f"Content-Type must be application/x-protobuf or application/json, not {given}"
    )


def _traces_response(receipt: Receipt) -> Message:
    """Return the response; `partial_success` is set only where spans were rejected."""
    if not receipt.rejected:
        return ExportTraceServiceResponse()
    partial = ExportTracePartialSuccess(
        rejected_spans=len(receipt.rejected), error_message=_reasons(receipt)
    )
    return ExportTraceServiceResponse(partial_success=partial)


def _logs_response(receipt: Receipt) -> Message:
    """Return the response; `partial_success` is set only where records were rejected."""
    if not receipt.rejected:
        return ExportLogsServiceResponse()
    partial = ExportLogsPartialSuccess(
        rejected_log_records=len(receipt.rejected), error_message=_reasons(receipt)
    )
    return ExportLogsServiceResponse(partial_success=partial)


def _reasons(receipt: Receipt) -> str:
    """Return the first different reasons as one text."""
    reasons = list(dict.fromkeys(reason for _, reason in receipt.rejected))
    more = len(reasons) - _SHOWN_REASONS
    return "; ".join(reasons[:_SHOWN_REASONS]) + (f"; and {more} more" if more > 0 else "")
