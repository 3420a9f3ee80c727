"""A convention as a table, and the reader that makes facts of a span with it.

A convention says by which keys it is known, which values mean which operation, and under which
keys each fact stands, newest first. The reader holds no vendor's name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from otel_bridge.conventions.values import amount_of, count_of, first_of, money_of, text_of
from otel_bridge.facts import Operation
from otel_bridge.record import SpanRecord

Attributes = Mapping[str, Any]
Keys = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UsageKeys:
    """Under which keys one convention tells the tokens of a call, newest first."""

    tokens_in: Keys
    tokens_out: Keys
    tokens_cache_read: Keys = ()
    tokens_cache_write: Keys = ()
    tokens_reasoning: Keys = ()
    total: Keys = ()


@dataclass(frozen=True, slots=True)
class ReportedUsage:
    """Tokens as the span tells them, before their meaning is settled."""

    tokens_in: int | None
    tokens_out: int | None
    tokens_cache_read: int | None
    tokens_cache_write: int | None
    tokens_reasoning: int | None
    total: int | None


@dataclass(frozen=True, slots=True)
class FactKeys:
    """Under which keys one convention tells each fact, newest first."""

    provider: Keys = ()
    request_model: Keys = ()
    response_model: Keys = ()
    agent: Keys = ()
    tool: Keys = ()
    tool_call_id: Keys = ()
    response_id: Keys = ()
    finish_reason: Keys = ()
    session: Keys = ()
    user: Keys = ()
    run_id: Keys = ()
    cost_usd: Keys = ()
    stated_cost_usd: Keys = ()
    error_type: Keys = ()
    error: Keys = ()
    input: Keys = ()
    output: Keys = ()


def _nothing(_: SpanRecord) -> None:
    return None


def _as_said(_: SpanRecord, operation: Operation) -> Operation:
    return operation


@dataclass(frozen=True, slots=True)
class Convention:
    """One way to write agent spans.

    `kind_key` holds the span's kind and `kinds` says what each value means (compared in lower
    case); an unlisted value means `other_kind`. `weak_kinds` are values that another convention on
    the same span may overrule. `infer` tells the operation of spans without a kind.
    """

    name: str
    keys: FactKeys = field(default_factory=FactKeys)
    usage: UsageKeys | None = None
    kind_key: str = ""
    kinds: Mapping[str, Operation] = field(default_factory=dict)
    other_kind: Operation | None = None
    weak_kinds: frozenset[str] = frozenset()
    infer: Callable[[SpanRecord], Operation | None] = _nothing
    #: Corrects a kind that the emitter is known to get wrong.
    refine: Callable[[SpanRecord, Operation], Operation] = _as_said
    #: Tells an agent span's own name where the keys may hold another's, or none.
    agent_name: Callable[[SpanRecord], str | None] = _nothing
    #: Tells a tool span's tool where no key does.
    tool_name: Callable[[SpanRecord], str | None] = _nothing
    #: Tells the tokens where they do not stand each under a key of its own.
    read_usage: Callable[[SpanRecord], ReportedUsage | None] = _nothing
    #: Tells the model that answered where it stands inside another value.
    read_model: Callable[[SpanRecord], str | None] = _nothing
    #: Tells the carried cost in USD where it stands inside another value.
    read_cost: Callable[[SpanRecord], Decimal | None] = _nothing
    #: Tells the provider's response id where it stands under no key of its own.
    response_id: Callable[[SpanRecord], str | None] = _nothing
    #: The instrumentation scopes that write this convention natively.
    scopes: Keys = ()

    def is_native(self, scope_name: str) -> bool:
        """Whether spans of this instrumentation scope are written in this convention."""
        return any(in_scope(scope_name, scope) for scope in self.scopes)

    def operation_of(self, record: SpanRecord) -> tuple[Operation | None, bool]:
        """Return the operation, and whether another convention may overrule it."""
        told = record.attributes.get(self.kind_key) if self.kind_key else None
        if told is not None and (kind := text_of(told)):
            said = self.kinds.get(kind.lower(), self.other_kind)
            refined = None if said is None else self.refine(record, said)
            return refined, kind.lower() in self.weak_kinds
        return self.infer(record), False


def in_scope(scope_name: str, scope: str) -> bool:
    """Whether an instrumentation scope is `scope` or stands below it."""
    return scope_name == scope or scope_name.startswith(f"{scope}.")


def operation_of(
    record: SpanRecord, conventions: Sequence[Convention]
) -> tuple[Operation, str] | None:
    """Return what the span did and which convention said so; None where none knows it."""
    fallback: tuple[Operation, str] | None = None
    for convention in conventions:
        operation, weak = convention.operation_of(record)
        if operation is None:
            continue
        if not weak:
            return operation, convention.name
        fallback = fallback or (operation, convention.name)
    return fallback


def first_text(attributes: Attributes, keys: Keys) -> str | None:
    """Return the first readable text under one of `keys`."""
    for key in keys:
        if key in attributes and (text := text_of(attributes[key])) is not None:
            return text
    return None


def first_listed_text(attributes: Attributes, keys: Keys) -> str | None:
    """Return the first text under one of `keys`, also as the head of a list."""
    for key in keys:
        if key in attributes and (text := first_of(attributes[key])) is not None:
            return text
    return None


def first_money(attributes: Attributes, keys: Keys) -> Decimal | None:
    """Return the first readable amount of USD above 0 under one of `keys`."""
    for key in keys:
        if key in attributes and (amount := money_of(attributes[key])) is not None:
            return amount
    return None


def first_stated_amount(attributes: Attributes, keys: Keys) -> Decimal | None:
    """Return the first readable amount of USD, 0 included, under one of `keys`."""
    return next((amount_of(attributes[key]) for key in keys if key in attributes), None)


def first_value(attributes: Attributes, keys: Keys) -> Any:
    """Return the first value under one of `keys`, as it is."""
    return next((attributes[key] for key in keys if key in attributes), None)


def _first_count(attributes: Attributes, keys: Keys) -> int | None:
    for key in keys:
        if key in attributes and (count := count_of(attributes[key])) is not None:
            return count
    return None


def usage_in(values: Attributes, keys: UsageKeys) -> ReportedUsage | None:
    """Return the tokens under one convention's keys; None where it tells neither in nor out."""
    usage = ReportedUsage(
        tokens_in=_first_count(values, keys.tokens_in),
        tokens_out=_first_count(values, keys.tokens_out),
        tokens_cache_read=_first_count(values, keys.tokens_cache_read),
        tokens_cache_write=_first_count(values, keys.tokens_cache_write),
        tokens_reasoning=_first_count(values, keys.tokens_reasoning),
        total=_first_count(values, keys.total),
    )
    return None if usage.tokens_in is None and usage.tokens_out is None else usage


def reported_usage(record: SpanRecord, convention: Convention) -> ReportedUsage | None:
    """Return the tokens that the span tells in one convention."""
    if convention.usage is not None and (usage := usage_in(record.attributes, convention.usage)):
        return usage
    return convention.read_usage(record)
