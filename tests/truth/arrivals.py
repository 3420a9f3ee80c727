"""The ways in which the spans of an export may arrive: none of them may change a total."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

Request = ExportTraceServiceRequest
#: The requests that each of the servers gets, all servers at the same time.
Lanes = Sequence[Sequence[Request]]
#: From an export to the requests that bring it.
Arrival = Callable[[Request], Lanes]


def one_by_one(request: Request) -> Iterator[Request]:
    """Yield a request for each span, in the order of the export."""
    for resource_spans in request.resource_spans:
        for scope_spans in resource_spans.scope_spans:
            for span in scope_spans.spans:
                yield _alone(resource_spans, scope_spans, span)


def _alone(resource_spans: ResourceSpans, scope_spans: ScopeSpans, span: Span) -> Request:
    scoped = ScopeSpans(scope=scope_spans.scope, spans=[span])
    return Request(
        resource_spans=[ResourceSpans(resource=resource_spans.resource, scope_spans=[scoped])]
    )


def joined(requests: Iterable[Request]) -> Request:
    """Return one request with the spans of all, in their order."""
    whole = Request()
    for request in requests:
        whole.resource_spans.extend(request.resource_spans)
    return whole


def backwards(request: Request) -> Request:
    """Return the export with its spans in reversed order: parents first."""
    return joined(reversed(list(one_by_one(request))))


def shuffled(request: Request, *, seed: int = 7) -> list[Request]:
    """Return one request per span, in an order that `seed` fixes."""
    alone = list(one_by_one(request))
    random.Random(seed).shuffle(alone)
    return alone


def spaced(request: Request) -> Request:
    """Return the export with a span that no convention knows between each span and its parent."""
    return joined(_spaced(request))


def _spaced(request: Request) -> Iterator[Request]:
    for resource_spans in request.resource_spans:
        for scope_spans in resource_spans.scope_spans:
            for span in scope_spans.spans:
                if not any(span.parent_span_id):
                    yield _alone(resource_spans, scope_spans, span)
                    continue
                between = _between(span)
                moved = Span()
                moved.CopyFrom(span)
                moved.parent_span_id = between.span_id
                yield _alone(resource_spans, ScopeSpans(), between)
                yield _alone(resource_spans, scope_spans, moved)


def _between(span: Span) -> Span:
    """Return an ordinary span above `span`: an HTTP request below the span's parent."""
    return Span(
        trace_id=span.trace_id,
        span_id=hashlib.blake2b(span.span_id, digest_size=8).digest(),
        parent_span_id=span.parent_span_id,
        name="GET",
        kind=Span.SPAN_KIND_CLIENT,
        start_time_unix_nano=span.start_time_unix_nano,
        end_time_unix_nano=span.end_time_unix_nano,
    )


def halves(request: Request) -> Lanes:
    """Return the spans in turn for two servers, one request per span."""
    alone = list(one_by_one(request))
    return [alone[::2], alone[1::2]]


def as_sent(request: Request) -> Lanes:
    """Return the export as it came: children before parents, in one request."""
    return [[request]]


ARRIVALS: Mapping[str, Arrival] = MappingProxyType(
    {
        "as sent": as_sent,
        "backwards": lambda request: [[backwards(request)]],
        "shuffled, a span per request": lambda request: [shuffled(request)],
        "everything twice": lambda request: [[request, request]],
        "ordinary spans in between": lambda request: [[spaced(request)]],
        "split between two servers": halves,
    }
)
