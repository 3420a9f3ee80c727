"""Which conventions apply to a span and under which of its keys each fact stands.

That depends only on the span's scope and on which known keys it has. So it is worked out once per
kind of span and kept, for a bounded number of kinds: reading a span touches the keys that it has,
however many conventions there are. A span without any sign of a convention is let go at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from functools import lru_cache
from typing import Any

from otel_bridge.conventions.emitters import EMITTERS, Emitter
from otel_bridge.conventions.registry import (
    BY_KEYS,
    BY_USAGE,
    CONVENTIONS,
    DIALECTS,
    SPECIFIED_KEYS,
)
from otel_bridge.conventions.table import (
    FACT_FIELDS,
    USAGE_FIELDS,
    Convention,
    Dialect,
    FactKeys,
    Inside,
    Keys,
    ReportedUsage,
    Writer,
    fails_never,
    in_scope,
    says_nothing,
)
from otel_bridge.facts import Operation
from otel_bridge.record import SpanRecord

_KINDS_OF_SPANS = 4096
_SCOPES = 4096


@dataclass(frozen=True, slots=True)
class UsageSource:
    """Where one convention tells tokens on a span: the keys that are there, else a reader."""

    convention: str
    #: The counts that have keys on the span, with those keys.
    counts: tuple[tuple[str, Keys], ...]
    #: Whether the keys tell input or output.
    has_keys: bool
    #: Whether the keys come with a specification of what they include.
    is_specified: bool
    read: Callable[[SpanRecord], ReportedUsage | None] | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What to ask and where to look, for spans of one scope that have the same known keys."""

    #: In the order in which they are asked what the span did.
    asked: tuple[Convention, ...]
    dialects: tuple[Dialect, ...]
    keys: FactKeys
    usage: tuple[UsageSource, ...]
    emitters: tuple[Emitter, ...]
    parts: tuple[Callable[[SpanRecord], ReportedUsage | None], ...]
    costs: tuple[tuple[str, Callable[[SpanRecord], Decimal | None]], ...]
    models: tuple[tuple[str, Callable[[SpanRecord], str | None]], ...]
    response_ids: tuple[Callable[[SpanRecord], str | None], ...]
    failed_when: tuple[tuple[str, frozenset[str]], ...]
    failures: tuple[Callable[[SpanRecord, Operation], str | None], ...]


def plan_of(record: SpanRecord) -> Plan | None:
    """Return how to read the span; None where nothing on it belongs to any convention."""
    if not may_be_known(record.name, record.scope_name, record.attributes):
        return None
    head = record.name.partition(".")[0]
    present = READ_KEYS.intersection(record.attributes)
    known_head = head if head in _NAME_HEADS else ""
    return _plan(record.scope_name, record.scope_version, known_head, present)


def may_be_known(name: str, scope_name: str, keys: Iterable[str]) -> bool:
    """Whether a span's name, scope or any of its keys belongs to a convention."""
    return (
        not _MARKS.isdisjoint(keys)
        or _is_known_scope(scope_name)
        or name.partition(".")[0] in _NAME_HEADS
    )


def owner_of(key: str, convention: str) -> str:
    """Return the convention that a key belongs to, the given one where it is one of its own."""
    return convention if key in _KEYS_OF[convention] else _OWNERS.get(key, convention)


@lru_cache(maxsize=_SCOPES)
def _is_known_scope(scope_name: str) -> bool:
    return bool(scope_name) and any(in_scope(scope_name, scope) for scope in _KNOWN_SCOPES)


@lru_cache(maxsize=_KINDS_OF_SPANS)
def _plan(scope_name: str, scope_version: str, head: str, present: frozenset[str]) -> Plan:
    known = [one for one in CONVENTIONS if _is_known(one, scope_name, head, present)]
    readable = [one for one in BY_KEYS if not one.is_guarded or one in known]
    dialects = tuple(one for one in DIALECTS if _is_written_by(one, scope_name, present))
    writers: tuple[Writer, ...] = (*dialects, *known)
    return Plan(
        asked=tuple(one for one in known if one.kind_key in present or _infers(one)),
        dialects=dialects,
        keys=_present_keys(readable, present),
        usage=_usage_sources(readable, known, scope_name, present),
        emitters=tuple(e for e in EMITTERS if e.may_write(scope_name, scope_version, present)),
        parts=tuple(one.parts_inside.read for one in _with(known, "parts_inside", present)),
        costs=tuple((c.name, c.cost_inside.read) for c in _with(known, "cost_inside", present)),
        models=tuple((c.name, c.model_inside.read) for c in _with(known, "model_inside", present)),
        response_ids=tuple(
            one.response_id_inside.read for one in _with(known, "response_id_inside", present)
        ),
        failed_when=tuple(
            (key, texts)
            for one in writers
            for key, texts in one.failed_when.items()
            if key in present
        ),
        failures=tuple(
            one.failure for one in (*dialects, *known) if one.failure is not fails_never
        ),
    )


def _is_known(one: Convention, scope_name: str, head: str, present: frozenset[str]) -> bool:
    is_named = one.kind_key in present or head in one.name_heads
    return is_named or _is_written_by(one, scope_name, present)


def _is_written_by(one: Writer, scope_name: str, present: frozenset[str]) -> bool:
    return one.is_native(scope_name) or not present.isdisjoint(one.markers)


def _infers(one: Convention) -> bool:
    return one.infer is not says_nothing


def _with(known: Iterable[Convention], fact: str, present: frozenset[str]) -> Iterable[Convention]:
    """Yield the conventions that have something to read for a fact inside the keys there are."""
    for one in known:
        inside: Inside[Any] = getattr(one, fact)
        if inside.read is says_nothing:
            continue
        if not inside.keys or not present.isdisjoint(inside.keys):
            yield one


def _present_keys(conventions: Iterable[Convention], present: frozenset[str]) -> FactKeys:
    """Return the keys of each fact that the span has, in the order in which they are tried."""
    tables = [one.keys for one in conventions]
    return FactKeys(**{name: _in_order(tables, name, present) for name in FACT_FIELDS})


def _in_order(tables: Iterable[FactKeys], name: str, present: frozenset[str]) -> Keys:
    keys = (key for table in tables for key in getattr(table, name))
    return tuple(dict.fromkeys(key for key in keys if key in present))


def _usage_sources(
    readable: Iterable[Convention],
    known: Iterable[Convention],
    scope_name: str,
    present: frozenset[str],
) -> tuple[UsageSource, ...]:
    """Return where tokens may stand: the emitter's own convention before the others."""
    usable = [one for one in BY_USAGE if one in readable]
    usable.sort(key=lambda one: not one.is_native(scope_name))
    inside = list(_with(known, "usage_inside", present))
    sources = (_usage_source(one, present, may_read=one in inside) for one in usable)
    return tuple(one for one in sources if one.counts or one.read is not None)


def _usage_source(one: Convention, present: frozenset[str], *, may_read: bool) -> UsageSource:
    counts = {
        name: keys
        for name in USAGE_FIELDS
        if (keys := tuple(key for key in getattr(one.usage, name) if key in present))
    }
    return UsageSource(
        convention=one.name,
        counts=tuple(counts.items()),
        has_keys="tokens_in" in counts or "tokens_out" in counts,
        is_specified=not SPECIFIED_KEYS.isdisjoint(counts.get("tokens_cache_read", ())),
        read=one.usage_inside.read if may_read else None,
    )


def _keys_in(table: object) -> frozenset[str]:
    tuples = (getattr(table, one.name) for one in fields(table))  # type: ignore[arg-type]
    return frozenset(key for keys in tuples for key in keys)


def _all_keys_of(one: Convention) -> frozenset[str]:
    inside = (
        one.usage_inside,
        one.parts_inside,
        one.cost_inside,
        one.model_inside,
        one.response_id_inside,
    )
    return (
        _keys_in(one.keys)
        | _keys_in(one.usage)
        | {key for reader in inside for key in reader.keys}
        | {one.kind_key, *one.markers, *one.failed_when}
    ) - {""}


def _owners() -> Mapping[str, str]:
    owners: dict[str, str] = {}
    for one in BY_KEYS:
        for key in _all_keys_of(one):
            owners.setdefault(key, one.name)
    return owners


_OWNERS = _owners()
_KEYS_OF = {one.name: _all_keys_of(one) for one in CONVENTIONS}
#: Every key that some convention reads.
READ_KEYS = frozenset(_OWNERS).union(
    *(one.markers for one in DIALECTS),
    *(one.failed_when for one in DIALECTS),
    *(one.with_keys + one.unless_keys for one in EMITTERS),
)
#: A span with none of these keys, of no known scope and no known name is nobody's.
_MARKS = (
    frozenset(one.kind_key for one in CONVENTIONS)
    .union(*(one.markers for one in CONVENTIONS), *(one.markers for one in DIALECTS))
    .difference({""})
)
_NAME_HEADS = frozenset().union(*(one.name_heads for one in CONVENTIONS))
_WRITERS: tuple[Writer, ...] = (*CONVENTIONS, *DIALECTS)
_KNOWN_SCOPES = tuple(dict.fromkeys(scope for one in _WRITERS for scope in one.scopes))
