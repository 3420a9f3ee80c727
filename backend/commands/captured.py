"""OTLP trace requests in files, as commands read them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from backend.errors import ApiError
from backend.ingest.otlp import parse_json, parse_protobuf

#: Standard input, as the name of a file.
STANDARD_INPUT = Path("-")


def read_request(file: Path) -> ExportTraceServiceRequest:
    """Return the request of a file with at least one span; stop with one line where it is none.

    It is JSON where the name ends in .json, and protobuf elsewhere; standard input is either.
    """
    body = _read(file)
    # No protobuf request begins with a brace.
    is_json = body.startswith(b"{") if file == STANDARD_INPUT else file.suffix == ".json"
    shown = "standard input" if file == STANDARD_INPUT else str(file)
    try:
        request = parse_json(body) if is_json else parse_protobuf(body)
    except ApiError as error:
        reason = error.message.replace("the body", "it")
        raise click.ClickException(f"{shown} is no OTLP trace request: {reason}") from error
    if next(spans_in(request), None) is None:
        raise click.ClickException(f"{shown} holds no spans")
    return request


def _read(file: Path) -> bytes:
    try:
        with click.open_file(str(file), "rb") as stream:
            return bytes(stream.read())
    except OSError as error:
        raise click.ClickException(f"cannot read {file}: {error.strerror}") from error


def spans_in(request: ExportTraceServiceRequest) -> Iterator[Span]:
    """Yield every span of a request."""
    for resource_spans in request.resource_spans:
        for scope_spans in resource_spans.scope_spans:
            yield from scope_spans.spans
