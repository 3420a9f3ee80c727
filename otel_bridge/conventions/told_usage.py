"""The tokens that a span tells, as it tells them: under keys, on events or inside an answer."""

from __future__ import annotations

from dataclasses import dataclass, replace

from otel_bridge.conventions.answers import filled, lacks_parts, raw_usage_in
from otel_bridge.conventions.plan import Plan, UsageSource
from otel_bridge.conventions.reading import holds_unreadable
from otel_bridge.conventions.registry import EVENT_USAGE, SPECIFIED_KEYS
from otel_bridge.conventions.table import USAGE_FIELDS, ReportedUsage, usage_in
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
        told = _by_source(record, source)
        if source.has_keys and _holds_unreadable(record, source, told.usage):
            is_unreadable = True
        if told.usage is None:
            continue
        usage = _completed(record, plan, told.usage) if operation.is_call else told.usage
        return replace(told, usage=usage, is_unreadable=is_unreadable)
    usage_elsewhere = _elsewhere(record, plan) if operation.is_call else None
    if usage_elsewhere is None and not is_unreadable:
        return _NOTHING
    return ToldUsage(usage_elsewhere, is_unreadable=is_unreadable)


def _by_source(record: SpanRecord, source: UsageSource) -> ToldUsage:
    usage = usage_in(record.attributes, source.keys) if source.has_keys else None
    if usage is None and source.read is not None:
        usage = source.read(record)
    is_specified = not SPECIFIED_KEYS.isdisjoint(source.keys.tokens_cache_read)
    return ToldUsage(usage, source.convention, is_specified)


def _holds_unreadable(record: SpanRecord, source: UsageSource, usage: ReportedUsage | None) -> bool:
    """Whether a count is there that cannot be read."""
    unread = (
        getattr(source.keys, name)
        for name in USAGE_FIELDS
        if usage is None or getattr(usage, name) is None
    )
    return any(keys and holds_unreadable(record.attributes, keys) for keys in unread)


def _completed(record: SpanRecord, plan: Plan, usage: ReportedUsage) -> ReportedUsage:
    """Fill the parts that no key tells from the provider's own answer, where it is there."""
    if not lacks_parts(usage):
        return usage
    for read in plan.parts:
        if (parts := read(record)) is not None:
            usage = filled(usage, parts)
    keys = plan.keys.answer + plan.keys.output
    raw = raw_usage_in(record.attributes, keys, like=usage) if keys else None
    return usage if raw is None else filled(raw, usage)


def _elsewhere(record: SpanRecord, plan: Plan) -> ReportedUsage | None:
    """Return the tokens that a span event tells, the last one that does, else the answer."""
    for event in reversed(record.events):
        if (told := usage_in(event.attributes, EVENT_USAGE)) is not None:
            return told
    keys = plan.keys.answer + plan.keys.output
    return raw_usage_in(record.attributes, keys, like=None) if keys else None
