"""A convention as a table: by which keys it is known and under which each fact stands.

The tables hold what vendors write; the reader beside them holds no vendor's name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import Any, Generic, TypeVar

from otel_bridge.conventions.values import count_of
from otel_bridge.facts import Operation
from otel_bridge.record import SpanRecord

Attributes = Mapping[str, Any]
Keys = tuple[str, ...]
Fact = TypeVar("Fact")


@dataclass(frozen=True, slots=True)
class UsageKeys:
    """Under which keys one convention tells the tokens of a call, newest first."""

    tokens_in: Keys = ()
    tokens_out: Keys = ()
    tokens_cache_read: Keys = ()
    tokens_cache_write: Keys = ()
    tokens_reasoning: Keys = ()
    tokens_cache_write_1h: Keys = ()
    tokens_audio_in: Keys = ()
    tokens_audio_cache_read: Keys = ()
    tokens_audio_out: Keys = ()
    tokens_image_in: Keys = ()
    tokens_image_out: Keys = ()
    total: Keys = ()


USAGE_FIELDS: Keys = tuple(one.name for one in fields(UsageKeys))


@dataclass(frozen=True, slots=True)
class ReportedUsage:
    """Tokens as the span tells them, before their meaning is settled."""

    tokens_in: int | None = None
    tokens_out: int | None = None
    tokens_cache_read: int | None = None
    tokens_cache_write: int | None = None
    tokens_reasoning: int | None = None
    tokens_cache_write_1h: int | None = None
    tokens_audio_in: int | None = None
    tokens_audio_cache_read: int | None = None
    tokens_audio_out: int | None = None
    tokens_image_in: int | None = None
    tokens_image_out: int | None = None
    total: int | None = None
    #: Whether input includes cached tokens and output reasoning; None: that is to be settled.
    is_inclusive: bool | None = None


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
    host: Keys = ()
    cost_usd: Keys = ()
    stated_cost_usd: Keys = ()
    error_type: Keys = ()
    error: Keys = ()
    input: Keys = ()
    output: Keys = ()
    #: Where the provider's own usage object stands, as it is or inside its answer; never input.
    answer: Keys = ()


FACT_FIELDS: Keys = tuple(one.name for one in fields(FactKeys))


def says_nothing(_: SpanRecord) -> None:
    """Tell nothing of a span: what a convention has no reader for."""
    return


def fails_never(_: SpanRecord, __: Operation) -> None:
    """Tell no failure of a span beyond those that everybody reads."""
    return


def _as_said(_: SpanRecord, operation: Operation) -> Operation:
    return operation


@dataclass(frozen=True, slots=True)
class Inside(Generic[Fact]):
    """A fact inside another value: the keys of which one must be there, and who reads it.

    Without keys it is read wherever the convention is known by its scope, name or marker.
    """

    read: Callable[[SpanRecord], Fact | None] = says_nothing
    keys: Keys = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """Whoever writes spans: by what its spans are known, and what is peculiar to them."""

    name: str
    #: The instrumentation scopes that write so; what stands below one belongs to it.
    scopes: Keys = ()
    #: Keys that nobody else writes, for spans that come in any scope.
    markers: Keys = ()
    #: Corrects what the span says that it did.
    refine: Callable[[SpanRecord, Operation], Operation] = _as_said
    #: Tells an agent span's own name where the keys may hold another's, or none.
    agent_name: Callable[[SpanRecord], str | None] = says_nothing
    #: Tells a tool span's tool where no key does.
    tool_name: Callable[[SpanRecord], str | None] = says_nothing
    #: Under which key which texts (in lower case) say that the work failed.
    failed_when: Mapping[str, frozenset[str]] = field(default_factory=dict)
    #: Tells the message of a failure that neither the status nor `failed_when` tells.
    failure: Callable[[SpanRecord, Operation], str | None] = fails_never

    def is_native(self, scope_name: str) -> bool:
        """Whether spans of this instrumentation scope are written by it."""
        return any(in_scope(scope_name, scope) for scope in self.scopes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect(Writer):
    """How one framework's spans differ from the convention that they are written in."""

    #: Whether a name is the tracer's own and not that of an agent.
    is_placeholder: Callable[[SpanRecord, str], bool] = lambda _, __: False
    #: Whether a response id is the tracer's own and not the provider's.
    makes_up_id: Callable[[SpanRecord, str], bool] = lambda _, __: False
    #: Tells the model that answered where the keys only tell the one that was asked for.
    answered_model: Callable[[SpanRecord], str | None] = says_nothing
    #: Whether the tokens of a call are the tracer's own guess.
    invents: Callable[[SpanRecord, ReportedUsage], bool] = lambda _, __: False
    #: Tells whom a tool span asks to work on: the agent has no span of its own.
    delegate: Callable[[SpanRecord], str | None] = says_nothing
    #: Tells when the work began where the span does not: Unix nanoseconds.
    started_ns: Callable[[SpanRecord], int | None] = says_nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Convention(Writer):
    """One way to write agent spans.

    `kind_key` holds the span's kind and `kinds` says what each value means (compared in lower
    case); an unlisted value means `other_kind`. `weak_kinds` are values that another convention on
    the same span may overrule. `infer` tells the operation of spans without a kind: it is asked
    where the span has one of `markers`, one of `scopes` or one of `name_heads`.
    """

    keys: FactKeys = field(default_factory=FactKeys)
    usage: UsageKeys = field(default_factory=UsageKeys)
    kind_key: str = ""
    kinds: Mapping[str, Operation] = field(default_factory=dict)
    other_kind: Operation | None = None
    weak_kinds: frozenset[str] = frozenset()
    infer: Callable[[SpanRecord], Operation | None] = says_nothing
    #: Tells the tokens where they do not stand each under a key of its own.
    usage_inside: Inside[ReportedUsage] = field(default_factory=Inside)
    #: Tells the model that answered where it stands inside another value.
    model_inside: Inside[str] = field(default_factory=Inside)
    #: Tells the carried cost in USD where it stands inside another value.
    cost_inside: Inside[Decimal] = field(default_factory=Inside)
    #: Tells the provider's response id where it stands under no key of its own.
    response_id_inside: Inside[str] = field(default_factory=Inside)
    #: Completes the parts of usage where its keys do not tell them all.
    parts_inside: Inside[ReportedUsage] = field(default_factory=Inside)
    #: First words of span names (up to a full stop) that only this convention writes.
    name_heads: frozenset[str] = frozenset()
    #: Its keys are bare words: they mean something only where the convention is known.
    is_guarded: bool = False

    def operation_of(self, record: SpanRecord, kind: str | None) -> tuple[Operation | None, bool]:
        """Return the operation, and whether another convention may overrule it."""
        if kind is None:
            return self.infer(record), False
        kind = kind.lower()
        said = self.kinds.get(kind, self.other_kind)
        return None if said is None else self.refine(record, said), kind in self.weak_kinds


def in_scope(scope_name: str, scope: str) -> bool:
    """Whether an instrumentation scope is `scope` or stands below it."""
    return scope_name == scope or scope_name.startswith(f"{scope}.")


def first_count(attributes: Attributes, keys: Keys) -> int | None:
    """Return the first readable count under one of `keys`."""
    for key in keys:
        if key in attributes and (count := count_of(attributes[key])) is not None:
            return count
    return None


def usage_in(values: Attributes, keys: UsageKeys) -> ReportedUsage | None:
    """Return the tokens under one convention's keys; None where it tells neither in nor out."""
    tokens_in = first_count(values, keys.tokens_in)
    tokens_out = first_count(values, keys.tokens_out)
    if tokens_in is None and tokens_out is None:
        return None
    return ReportedUsage(
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        tokens_cache_read=first_count(values, keys.tokens_cache_read),
        tokens_cache_write=first_count(values, keys.tokens_cache_write),
        tokens_reasoning=first_count(values, keys.tokens_reasoning),
        tokens_cache_write_1h=first_count(values, keys.tokens_cache_write_1h),
        tokens_audio_in=first_count(values, keys.tokens_audio_in),
        tokens_audio_cache_read=first_count(values, keys.tokens_audio_cache_read),
        tokens_audio_out=first_count(values, keys.tokens_audio_out),
        tokens_image_in=first_count(values, keys.tokens_image_in),
        tokens_image_out=first_count(values, keys.tokens_image_out),
        total=first_count(values, keys.total),
    )
