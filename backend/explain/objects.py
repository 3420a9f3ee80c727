"""An explanation as one JSON object: what the lines say, every span for itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from decimal import Decimal
from typing import Any

import msgspec

from backend.explain.nouns import Became, Explanation, SpanNode, Totals, TraceTree
from backend.explain.words import REASONS, WARNINGS
from otel_bridge.event import rfc3339


def object_of(explanation: Explanation) -> dict[str, Any]:
    """Return the traces, each with its spans as a list in the order of the tree, and the totals.

    Money is a JSON number in USD with every digit, times are RFC 3339, durations microseconds.
    """
    return {
        "traces": [_trace(tree) for tree in explanation.traces],
        "totals": _totals(explanation.totals),
    }


def _trace(tree: TraceTree) -> dict[str, Any]:
    before = tree.goes_on_from
    return {
        "trace_id": tree.trace_id,
        "started_at": rfc3339(tree.start_us),
        "duration_us": tree.duration_us,
        "goes_on_from": before and {"trace_id": before[0], "span_id": before[1]},
        "spans": list(_spans(tree)),
    }


def _spans(tree: TraceTree) -> Iterator[dict[str, Any]]:
    for root in tree.roots:
        for node in root.all():
            yield _span(node)


def _span(node: SpanNode) -> dict[str, Any]:
    return {
        "span_id": node.span.span_id,
        "parent_span_id": node.parent_span_id,
        "lost_parent": node.lost_parent,
        "name": node.span.name,
        "scope": node.scope,
        "started_at": rfc3339(node.start_us),
        "duration_us": node.duration_us,
        "status": node.status,
        "became": None if node.became is None else _became(node.became),
        "silence": node.silence,
    }


def _became(became: Became) -> dict[str, Any]:
    told = asdict(became)
    cost, tokens, reading = told.pop("cost"), told.pop("tokens"), told.pop("reading")
    why = {code: WARNINGS.get(code) for code in became.warnings}
    return {
        **told,
        **tokens,
        "cost_usd": _money(cost["usd"]),
        "cost_source": cost["source"],
        "price_version": cost["price_version"],
        **reading,
        "set_aside_because": REASONS.get(became.set_aside_reason or ""),
        "warnings": [{"code": code, "means": means} for code, means in why.items()],
    }


def _totals(totals: Totals) -> dict[str, Any]:
    told = asdict(totals)
    return {**told, **told.pop("tokens"), "cost_usd": _money(totals.cost_usd)}


def _money(usd: Decimal | None) -> msgspec.Raw | None:
    return None if usd is None else msgspec.Raw(format(usd, "f").encode())
