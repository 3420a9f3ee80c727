"""`otel-bridge replay`: captured OTLP requests, posted as if they had just happened."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import urllib3
from google.protobuf.message import DecodeError
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans

from backend.commands.captured import read_request, spans_in

_SPANS_PER_REQUEST = 500
_MORE_TRIES = 4
_TRACES = "/v1/traces"


@click.command()
@click.argument(
    "files",
    nargs=-1,
    required=True,
    metavar="FILE…",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@click.option("--endpoint", required=True, show_envvar=True, help="The server, http://host:5000.")
@click.option("--key", required=True, show_envvar=True, help="An API key with scope ingest.")
@click.option("--keep-times", is_flag=True, show_envvar=True, help="Send the times as captured.")
def replay(files: tuple[Path, ...], endpoint: str, key: str, *, keep_times: bool) -> None:
    """Post captured OTLP trace requests: protobuf, or JSON where the name ends in .json.

    All files together are moved in time, so that their last span ends now. What was posted before
    is not stored twice.
    """
    requests = [read_request(file) for file in files]
    if not keep_times:
        _move_to_now(requests)
    target = _Target(endpoint, key)
    rejected = 0
    for number, (file, request) in enumerate(zip(files, requests, strict=True), 1):
        sent = 0
        for part in _parts(request):
            rejected += target.post(part)
            sent += sum(1 for _ in spans_in(part))
        click.echo(f"[{number}/{len(files)}] {file.name}: {sent} spans sent")
    if rejected:
        raise click.ClickException(f"the server rejected {rejected} spans")


def _move_to_now(requests: Sequence[ExportTraceServiceRequest]) -> None:
    """Move every time by one and the same step: the last span ends now."""
    spans = [span for request in requests for span in spans_in(request)]
    step_ns = time.time_ns() - max(span.end_time_unix_nano for span in spans)
    for span in spans:
        for timed in (span, *span.events):
            for name in ("start_time_unix_nano", "end_time_unix_nano", "time_unix_nano"):
                if captured_ns := getattr(timed, name, 0):
                    setattr(timed, name, max(1, captured_ns + step_ns))


def _parts(request: ExportTraceServiceRequest) -> Iterator[ExportTraceServiceRequest]:
    """Yield the request in parts that no server refuses for their size."""
    part, count = ExportTraceServiceRequest(), 0
    for resource_spans in request.resource_spans:
        for scope_spans in resource_spans.scope_spans:
            for start in range(0, len(scope_spans.spans), _SPANS_PER_REQUEST):
                some = scope_spans.spans[start : start + _SPANS_PER_REQUEST]
                scoped = ScopeSpans(scope=scope_spans.scope, spans=some)
                if count + len(some) > _SPANS_PER_REQUEST:
                    yield part
                    part, count = ExportTraceServiceRequest(), 0
                part.resource_spans.append(
                    ResourceSpans(resource=resource_spans.resource, scope_spans=[scoped])
                )
                count += len(some)
    yield part


class _Target:
    """The server that is posted to."""

    def __init__(self, endpoint: str, key: str) -> None:
        base = endpoint.rstrip("/").removesuffix(_TRACES).removesuffix("/api/obs")
        if not base.startswith(("http://", "https://")):
            raise click.ClickException(f"--endpoint must be http://… or https://…, not {endpoint}")
        self._url = base + _TRACES
        self._headers = {
            "Authorization": f"Bearer {key}",
            "Content-Type": "application/x-protobuf",
        }
        self._pool = urllib3.PoolManager(timeout=60.0, retries=False)

    def post(self, request: ExportTraceServiceRequest) -> int:
        """Return how many spans were rejected; stop with one line where it cannot be sent."""
        body = request.SerializeToString()
        answer = self._sent(body)
        for _ in range(_MORE_TRIES):
            if answer.status not in (429, 503):
                break
            time.sleep(_wait_s(answer))
            answer = self._sent(body)
        if answer.status != 200:
            raise click.ClickException(f"{self._url} answered {answer.status}: {_told(answer)}")
        return _rejected(answer.data)

    def _sent(self, body: bytes) -> urllib3.BaseHTTPResponse:
        try:
            return self._pool.request("POST", self._url, body=body, headers=self._headers)
        except (urllib3.exceptions.HTTPError, UnicodeError, ValueError) as error:
            raise click.ClickException(f"cannot reach {self._url}: {error}") from error


def _wait_s(answer: urllib3.BaseHTTPResponse) -> int:
    told = answer.headers.get("Retry-After", "")
    return min(int(told), 30) if told.isascii() and told.isdigit() else 1


def _rejected(body: bytes) -> int:
    try:
        told = ExportTraceServiceResponse.FromString(body).partial_success
    except DecodeError as error:
        raise click.ClickException("what answers at --endpoint is no OTLP server") from error
    if told.rejected_spans:
        click.echo(f"rejected {told.rejected_spans} spans: {told.error_message}", err=True)
    return int(told.rejected_spans)


def _told(answer: urllib3.BaseHTTPResponse) -> str:
    """Return what the server says is wrong."""
    try:
        message = Status.FromString(answer.data).message
    except DecodeError:
        message = answer.data.decode("utf-8", "replace")
    return " ".join(message.split())[:300]
