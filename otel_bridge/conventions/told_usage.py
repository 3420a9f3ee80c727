"""The tokens that a span tells, as it tells them: under keys, on events or inside an answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from otel_bridge.conventions.answers import adds_parts, filled, lacks_parts, raw_usage_in
from otel_bridge.conventions.plan import Plan, UsageSource
from otel_bridge.conventions.reading import holds_unreadable
from otel_bridge.conventions.registry import EVENT_USAGE
from otel_bridge.conventions.table import ReportedUsage, first_count, usage_in
from otel_bridge.facts import Operation
from otel_bridge.record import SpanRecord


@dataclass(frozen=True, slots=True)
class ToldUsage:
    """Tokens before their meaning is settled, and whose keys told them."""

    usage: ReportedUsage | None = None
    convention: str | None = None
    #: Whether the keys come with a specification of what they include.
    is_specified: bool = False
    #: Whether a key holds something that is no count.
    is_unreadable: bool = False


_NOTHING = ToldUsage()


def told_usage(record: SpanRecord, plan: Plan, operation: Operation) -> ToldUsage:
    """Return the tokens by the emitter's own convention, else by the first that tells any."""
    is_unreadable = False
    for source in plan.usage:
        usage, has_unreadable = _under_keys(record, source) if source.has_keys else (None, False)
        is_unreadable = is_unreadable or has_unreadable
        if usage is None and source.read is not None:
            usage = source.read(record)
        if usage is None:
            continue
        if operation.is_call and lacks_parts(usage):
            usage = _completed(record, plan, _with_parts(record, plan, source, usage))
        return ToldUsage(usage, source.convention, source.is_specified, is_unreadable)
    usage = _elsewhere(record, plan) if operation.is_call else None
    if usage is None and not is_unreadable:
        return _NOTHING
    return ToldUsage(usage, is_unreadable=is_unreadable)


def _under_keys(record: SpanRecord, source: UsageSource) -> tuple[ReportedUsage | None, bool]:
    """Return the usage that keys tell, and whether one holds what cannot be read."""
    counts, is_unreadable = _counts(record, source)
    if "tokens_in" not in counts and "tokens_out" not in counts:
        return None, is_unreadable
    return ReportedUsage(**counts), is_unreadable


def _counts(record: SpanRecord, source: UsageSource) -> tuple[dict[str, Any], bool]:
    """Return the counts that can be read, and whether one is there that cannot."""
    attributes = record.attributes
    counts: dict[str, Any] = {}
    is_unreadable = False
    for name, keys in source.counts:
        count = first_count(attributes, keys)
        if count is not None:
            counts[name] = count
        elif holds_unreadable(attributes, keys):
            is_unreadable = True
    return counts, is_unreadable


def _with_parts(
    record: SpanRecord, plan: Plan, told_by: UsageSource, usage: ReportedUsage
) -> ReportedUsage:
    """Fill the parts that only other conventions' keys tell, where input and output are equal."""
    for source in plan.usage:
        if source is told_by or not source.counts:
            continue
        parts = ReportedUsage(**_counts(record, source)[0])
        wholes = (parts.tokens_in, parts.tokens_out)
        if wholes in ((None, None), (usage.tokens_in, usage.tokens_out)):
            usage = filled(usage, parts)
    return usage


def _completed(record: SpanRecord, plan: Plan, usage: ReportedUsage) -> ReportedUsage:
    """Fill the parts that no key tells from the provider's own answer, where it is there."""
    for read in plan.parts:
        if (parts := read(record)) is not None:
            usage = filled(usage, parts)
    keys = plan.keys.answer + plan.keys.output
    raw = raw_usage_in(record.attributes, keys, like=usage) if keys else None
    return filled(raw, usage) if raw is not None and adds_parts(raw, usage) else usage


def _elsewhere(record: SpanRecord, plan: Plan) -> ReportedUsage | None:
    """Return the tokens that a span event tells, the last one that does, else the answer."""
    for event in reversed(record.events):
        if (told := usage_in(event.attributes, EVENT_USAGE)) is not None:
            return told
    keys = plan.keys.answer + plan.keys.output
    return raw_usage_in(record.attributes, keys, like=None) if keys else None
