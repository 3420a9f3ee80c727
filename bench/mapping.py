"""What mapping a span costs: microseconds in one process, without a database."""

from __future__ import annotations

import timeit
from collections.abc import Callable, Iterator

from backend.ingest.otlp import records_of
from bench.report import Report
from bench.workload import chat_span, sdk_span, unknown_span
from otel_bridge.mapping import events_from
from otel_bridge.pricing import PriceBook
from otel_bridge.record import SpanRecord
from otel_bridge.span_processor.collector import ConventionMapper
from otel_bridge.span_processor.config import BridgeConfig
from otel_bridge.span_processor.sdk_span import Resources, link_of, record_from, scope_name_of
from tests.truth.captures import FOLDER, captures_in


def measure_mapping(report: Report) -> None:
    """Report microseconds per span: alone, and over the captures' real spans."""
    report.table(
        "mapping, one process, µs per span (the processor's path: from the SDK's span)",
        ("", "mapping", "processor"),
        [*_made_spans(), *_captured_spans()],
    )


def _made_spans() -> Iterator[tuple[str, str, str]]:
    for name, span in (("a model call", chat_span()), ("an unknown span", unknown_span())):
        yield name, f"{_mapping_us(span, 2000):.1f}", f"{_path_us(span, 2000):.1f}"


def _captured_spans() -> Iterator[tuple[str, str, str]]:
    known, unknown = _real_spans()
    for name, spans in (("real spans that are known", known), ("real spans that are not", unknown)):
        mapping = sorted(_mapping_us(span, 10) for span in spans)
        path = sorted(_path_us(span, 10) for span in spans)
        for share, label in ((0.5, "median"), (0.95, "95 %")):
            at = int(len(spans) * share)
            yield f"{name}, {label}", f"{mapping[at]:.1f}", f"{path[at]:.1f}"


def _real_spans() -> tuple[list[SpanRecord], list[SpanRecord]]:
    """Return the captures' spans: those that make events, and the others."""
    prices = PriceBook()
    spans = [
        record
        for capture in captures_in(FOLDER)
        for record in records_of(capture.request)
        if isinstance(record, SpanRecord)
    ]
    known = [span for span in spans if events_from(span, prices=prices)]
    return known, [span for span in spans if not events_from(span, prices=prices)]


def _mapping_us(span: SpanRecord, times: int) -> float:
    prices = PriceBook()
    return _microseconds(lambda: events_from(span, prices=prices), times)


def _path_us(span: SpanRecord, times: int) -> float:
    """Return what the processor spends on a span before its events are encoded and sent."""
    prices, resources, ended = PriceBook(), Resources(), sdk_span(span)
    mapper = ConventionMapper(BridgeConfig())

    def path() -> object:
        if not mapper.may_know(ended.name, scope_name_of(ended), ended.attributes or ()):
            return link_of(ended)
        return events_from(record_from(ended, resources), prices=prices)

    return _microseconds(path, times)


def _microseconds(work: Callable[[], object], times: int) -> float:
    """Return how long `work` takes: the best of five, so that the machine's other work is out."""
    work()
    return min(timeit.repeat(work, number=times, repeat=5)) / times * 1e6
