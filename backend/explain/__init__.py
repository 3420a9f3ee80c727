"""Why each span of an export became what it became: ingestion in memory, told in words."""

from __future__ import annotations

from backend.explain.decided import decide_spans
from backend.explain.lines import lines_of
from backend.explain.nouns import Explanation
from backend.explain.objects import object_of
from backend.explain.totals import totals_of
from backend.explain.traces import traces_of
from backend.ingest.otlp import BadSpan
from otel_bridge.pricing import PriceBook
from otel_bridge.record import SpanRecord

__all__ = ["Explanation", "explain", "lines_of", "object_of"]


def explain(spans: list[SpanRecord | BadSpan], book: PriceBook) -> Explanation:
    """Return what ingestion makes of these spans in an empty workspace, priced by `book`."""
    decided = decide_spans(spans, book)
    return Explanation(traces_of(decided), totals_of(decided))
