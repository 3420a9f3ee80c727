"""What reported tokens mean: whether input includes cached tokens and output includes reasoning.

The events always include both. First a table of emitters that are known to differ from the
specification; then proof from the numbers: a part cannot be larger than its whole.
"""

from __future__ import annotations

from dataclasses import dataclass

from otel_bridge.conventions.table import ReportedUsage, in_scope
from otel_bridge.facts import NO_USAGE, Usage
from otel_bridge.record import SpanRecord

_ANTHROPIC_LIKE = frozenset({"anthropic", "aws"})
_GOOGLE = frozenset({"google"})


@dataclass(frozen=True, slots=True)
class Emitter:
    """An instrumentation whose numbers differ from the specification, and for which providers.

    `before` is the first version, as numbers, that no longer differs; None: all do. `unless_key`
    is an attribute that only the corrected releases write.
    """

    scope: str
    providers: frozenset[str]
    before: tuple[int, ...] | None = None
    unless_key: str | None = None

    def matches(self, record: SpanRecord, provider: str | None) -> bool:
        """Whether the span is this emitter's and reports for such a provider."""
        if not in_scope(record.scope_name, self.scope) or provider not in self.providers:
            return False
        if self.unless_key is not None and self.unless_key in record.attributes:
            return False
        return self.before is None or _version(record.scope_version) < self.before


#: Emitters whose input leaves out cached tokens.
INPUT_WITHOUT_CACHE = (
    Emitter("openinference.instrumentation.anthropic", _ANTHROPIC_LIKE, before=(0, 1, 14)),
    Emitter("openinference.instrumentation.agno", _ANTHROPIC_LIKE),
    Emitter("opentelemetry.instrumentation.bedrock", _ANTHROPIC_LIKE),
    Emitter("openlit", _ANTHROPIC_LIKE),
    Emitter("agent_framework", _ANTHROPIC_LIKE),
    Emitter("ai", _ANTHROPIC_LIKE, unless_key="ai.usage.inputTokenDetails.noCacheTokens"),
)

#: Emitters whose output leaves out reasoning ("thoughts"), which only the total includes.
OUTPUT_WITHOUT_REASONING = (
    Emitter("opentelemetry.instrumentation.google_generativeai", _GOOGLE),
    Emitter("opentelemetry.instrumentation.vertexai", _GOOGLE),
)

#: Emitters that estimate the tokens of a stream for which the provider told none.
ESTIMATES_STREAMS = ("openlit",)


def usage_of(reported: ReportedUsage, record: SpanRecord, provider: str | None) -> Usage:
    """Return tokens in the events' meaning; no usage where the span tells only zeros."""
    if not reported.tokens_in and not reported.tokens_out:
        return NO_USAGE
    if _is_estimate(reported, record):
        return NO_USAGE
    tokens_in = _input_with_cache(reported, record, provider)
    tokens_out, reasoning = _output_with_reasoning(reported, record, provider)
    return Usage(
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        tokens_cache_read=reported.tokens_cache_read,
        tokens_cache_write=reported.tokens_cache_write,
        tokens_reasoning=reasoning,
    )


def _is_estimate(reported: ReportedUsage, record: SpanRecord) -> bool:
    """Whether the emitter counted the words of a stream itself: the provider told no parts."""
    is_stream = record.attributes.get("gen_ai.request.stream") is True
    return (
        is_stream
        and reported.tokens_cache_read is None
        and any(in_scope(record.scope_name, scope) for scope in ESTIMATES_STREAMS)
    )


def _input_with_cache(
    reported: ReportedUsage, record: SpanRecord, provider: str | None
) -> int | None:
    tokens_in = reported.tokens_in
    cached = (reported.tokens_cache_read or 0) + (reported.tokens_cache_write or 0)
    if tokens_in is None or not cached:
        return tokens_in
    total = reported.total
    excludes = (
        tokens_in < cached
        or any(emitter.matches(record, provider) for emitter in INPUT_WITHOUT_CACHE)
        or (total is not None and total == tokens_in + (reported.tokens_out or 0) + cached)
    )
    return tokens_in + cached if excludes else tokens_in


def _output_with_reasoning(
    reported: ReportedUsage, record: SpanRecord, provider: str | None
) -> tuple[int | None, int | None]:
    tokens_in, tokens_out = reported.tokens_in, reported.tokens_out
    reasoning, total = reported.tokens_reasoning, reported.total
    if tokens_in is None or tokens_out is None:
        return tokens_out, reasoning
    if reasoning and reasoning > tokens_out:
        return tokens_out + reasoning, reasoning
    if provider not in _GOOGLE or total is None or total <= tokens_in + tokens_out:
        return tokens_out, reasoning
    if reasoning and total == tokens_in + tokens_out + reasoning:
        return tokens_out + reasoning, reasoning
    if not reasoning and any(e.matches(record, provider) for e in OUTPUT_WITHOUT_REASONING):
        return total - tokens_in, total - tokens_in - tokens_out
    return tokens_out, reasoning


def _version(text: str) -> tuple[int, ...]:
    numbers = []
    for part in text.split("."):
        if not part.isdigit():
            break
        numbers.append(int(part))
    return tuple(numbers)
