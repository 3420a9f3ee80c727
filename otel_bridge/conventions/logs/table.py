"""A log convention: by which names its records are known and how each is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from otel_bridge.conventions.table import Attributes, Keys, in_scope
from otel_bridge.conventions.values import count_of, is_unsaid
from otel_bridge.facts import MappingWarning, SpanFacts
from otel_bridge.log_record import LogRecord
from otel_bridge.record import Resource

#: Longer than anything that one record tells: two weeks.
_LONGEST_MS = 14 * 24 * 60 * 60 * 1000

Reader = Callable[[Attributes], SpanFacts | None]


@dataclass(frozen=True, slots=True)
class LogFacts:
    """What one log record says: the facts of the call or the tool whose end it tells.

    `duration_ms` is None where the record does not tell it. `resource` is the program's, in the
    form that its spans have.
    """

    name: str
    facts: SpanFacts
    duration_ms: int | None
    resource: Resource


@dataclass(frozen=True, slots=True)
class LogConvention:
    """How one program writes logs: `readers` by the event's name without the `head`."""

    head: str
    readers: Mapping[str, Reader]
    #: The instrumentation scopes in which names stand without the head, too.
    scopes: Keys = ()
    #: Attributes that the program gives the resource of its logs and not that of its spans.
    log_resource_keys: frozenset[str] = frozenset()

    def facts_of(self, record: LogRecord) -> LogFacts | None:
        """Return what the record says; None where it is none of this program's calls or tools."""
        name = self._name_of(record)
        facts = None if name is None else self.readers[name](record.attributes)
        if name is None or facts is None:
            return None
        return LogFacts(
            name=f"{self.head}{name}",
            facts=facts,
            duration_ms=duration_in(record.attributes),
            resource=self._resource_of(record),
        )

    def _name_of(self, record: LogRecord) -> str | None:
        is_own_scope = any(in_scope(record.scope_name, scope) for scope in self.scopes)
        for name in record.names:
            if name.startswith(self.head) or is_own_scope:
                short = name.removeprefix(self.head)
                if short in self.readers:
                    return short
        return None

    def _resource_of(self, record: LogRecord) -> Resource:
        told = record.resource.attributes
        if self.log_resource_keys.isdisjoint(told):
            return record.resource
        return Resource.of(
            {key: value for key, value in told.items() if key not in self.log_resource_keys}
        )


def duration_in(attributes: Attributes) -> int | None:
    """Return `duration_ms` in whole milliseconds, also from a text or a fraction."""
    told = attributes.get("duration_ms")
    if isinstance(told, bool) or not isinstance(told, int | float | str):
        return None
    try:
        duration_ms = float(told)
    except (ValueError, OverflowError):
        return None
    # NaN is not in any range.
    return round(duration_ms) if 0 <= duration_ms <= _LONGEST_MS else None


def count_under(attributes: Attributes, key: str) -> int | None:
    """Return the whole number under a key, also from a text; None for anything else."""
    return count_of(attributes.get(key))


def is_false(value: object) -> bool:
    """Whether a value says no, as a boolean or as a text."""
    return value is False or (isinstance(value, str) and value.strip().lower() == "false")


def status_code_in(attributes: Attributes, *keys: str) -> str | None:
    """Return the first HTTP status under one of `keys` as text; None where there is none."""
    codes = (count_under(attributes, key) for key in keys)
    return next((str(code) for code in codes if code), None)


def doubts_of_call(
    model: str | None, tokens_in: int | None, *, attributes: Attributes, counts: Keys
) -> frozenset[MappingWarning]:
    """Return what an answered call should tell and does not; under `counts` are its tokens."""
    doubts = set()
    if any(_is_unreadable(attributes.get(key)) for key in counts):
        doubts.add(MappingWarning.UNREADABLE_VALUE)
    if model is None:
        doubts.add(MappingWarning.MISSING_MODEL)
    if tokens_in is None:
        doubts.add(MappingWarning.MISSING_USAGE)
    return frozenset(doubts)


def _is_unreadable(value: object) -> bool:
    return count_of(value) is None and not is_unsaid(value)


def sum_of(*counts: int | None) -> int | None:
    """Return the sum of what is known; None where nothing is."""
    known = [count for count in counts if count is not None]
    return sum(known) if known else None
