"""What reported tokens mean: whether input includes cached tokens and output includes reasoning.

The events always include both. First the emitters that are known to differ from the specification;
then proof from the numbers: a part cannot be larger than its whole, and the total adds up.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from otel_bridge.conventions.emitters import Emitter, Quirk
from otel_bridge.conventions.table import ReportedUsage
from otel_bridge.facts import NO_USAGE, MappingWarning, Usage, UsageBasis
from otel_bridge.record import SpanRecord

_GOOGLE = frozenset({"google"})
STREAM_KEYS = ("gen_ai.request.stream", "gen_ai.is_streaming", "llm.is_streaming")
_NO_QUIRKS: frozenset[Quirk] = frozenset()
_INCONSISTENT = frozenset({MappingWarning.USAGE_INCONSISTENT})


@dataclass(frozen=True, slots=True)
class Settled:
    """Tokens in the events' meaning, how that was settled and what is doubtful."""

    usage: Usage
    basis: UsageBasis | None = None
    warnings: frozenset[MappingWarning] = frozenset()


NOT_TOLD = Settled(NO_USAGE)
ESTIMATED = Settled(NO_USAGE, warnings=frozenset({MappingWarning.ESTIMATED_USAGE}))


def quirks_of(
    emitters: Iterable[Emitter], record: SpanRecord, provider: str | None
) -> frozenset[Quirk]:
    """Return how the numbers of this span's emitter differ."""
    if not emitters:
        return _NO_QUIRKS
    is_stream = any(record.attributes.get(key) is True for key in STREAM_KEYS)
    return frozenset(
        one.quirk
        for one in emitters
        if one.speaks_for(provider) and (is_stream or not one.only_streams)
    )


def settle(
    reported: ReportedUsage, quirks: frozenset[Quirk], provider: str | None, *, is_specified: bool
) -> Settled:
    """Return tokens in the events' meaning; no usage where the span tells only zeros.

    `is_specified` says that the keys come with a specification of what they include.
    """
    if not reported.tokens_in and not reported.tokens_out:
        return NOT_TOLD
    if reported.is_inclusive:
        return Settled(_usage(reported), UsageBasis.SPEC)
    told = _without_doubles(reported, quirks)
    tokens_in, basis = _input_with_cache(told, quirks)
    if basis is None:
        basis = UsageBasis.SPEC if is_specified else UsageBasis.ASSUMED
    if tokens_in != told.tokens_in:
        told = replace(told, tokens_in=tokens_in)
    output = _output_with_reasoning(told, quirks, provider)
    usage = _usage(output.told)
    return Settled(usage, output.basis or basis, output.warnings | _contradictions(usage))


def _usage(told: ReportedUsage) -> Usage:
    return Usage(
        tokens_in=told.tokens_in,
        tokens_out=told.tokens_out,
        tokens_cache_read=told.tokens_cache_read,
        tokens_cache_write=told.tokens_cache_write,
        tokens_reasoning=told.tokens_reasoning,
        tokens_cache_write_1h=told.tokens_cache_write_1h,
        tokens_audio_in=told.tokens_audio_in,
        tokens_audio_cache_read=told.tokens_audio_cache_read,
        tokens_audio_out=told.tokens_audio_out,
        tokens_image_in=told.tokens_image_in,
        tokens_image_out=told.tokens_image_out,
    )


def _without_doubles(told: ReportedUsage, quirks: frozenset[Quirk]) -> ReportedUsage:
    """Take out of the output what the emitter is known to have added twice."""
    out, thought = told.tokens_out, told.tokens_reasoning or 0
    if out is None:
        return told
    if Quirk.FIRST_CHUNK_TWICE in quirks and out > 1:
        return replace(told, tokens_out=out - 1, total=None)
    if Quirk.REASONING_TWICE in quirks and out >= 2 * thought:
        return replace(told, tokens_out=out - thought, total=None)
    return told


def _input_with_cache(
    told: ReportedUsage, quirks: frozenset[Quirk]
) -> tuple[int | None, UsageBasis | None]:
    """Return the whole input, and how it was settled; None where nothing tells."""
    tokens_in, total = told.tokens_in, told.total
    cached = (told.tokens_cache_read or 0) + (told.tokens_cache_write or 0)
    if tokens_in is None or not cached:
        return tokens_in, UsageBasis.SPEC
    if Quirk.INPUT_WITHOUT_CACHE in quirks:
        return tokens_in + cached, UsageBasis.EMITTER_TABLE
    if tokens_in < cached:
        return tokens_in + cached, UsageBasis.SUBSET_VIOLATION
    if Quirk.INPUT_WITH_CACHE in quirks:
        return tokens_in, UsageBasis.EMITTER_TABLE
    uncached_total = tokens_in + (told.tokens_out or 0)
    if total is not None and total == uncached_total + cached:
        return tokens_in + cached, UsageBasis.TOTAL_CHECKSUM
    return tokens_in, UsageBasis.TOTAL_CHECKSUM if total == uncached_total else None


@dataclass(frozen=True, slots=True)
class _Output:
    told: ReportedUsage
    basis: UsageBasis | None = None
    warnings: frozenset[MappingWarning] = frozenset()


def _output_with_reasoning(
    told: ReportedUsage, quirks: frozenset[Quirk], provider: str | None
) -> _Output:
    """Return the whole output: thoughts may stand beside it, or only inside the total."""
    thought, beside = told.tokens_reasoning or 0, _beside(told, provider)
    if told.tokens_out is None:
        return _Output(told)
    with_thoughts = told.tokens_out + thought
    if thought and beside == thought:
        return _Output(replace(told, tokens_out=with_thoughts), UsageBasis.TOTAL_CHECKSUM)
    if thought > told.tokens_out:
        whole = replace(told, tokens_out=with_thoughts)
        return _Output(whole, UsageBasis.SUBSET_VIOLATION, _INCONSISTENT)
    if not thought and beside and Quirk.OUTPUT_WITHOUT_REASONING in quirks:
        inferred = replace(told, tokens_out=told.tokens_out + beside, tokens_reasoning=beside)
        warnings = frozenset({MappingWarning.REASONING_INFERRED})
        return _Output(inferred, UsageBasis.EMITTER_TABLE, warnings)
    return _Output(told)


def _beside(told: ReportedUsage, provider: str | None) -> int:
    """Return what the total has beside input and output: a provider's thoughts, or 0."""
    if provider not in _GOOGLE or told.total is None or told.tokens_in is None:
        return 0
    return max(0, told.total - told.tokens_in - (told.tokens_out or 0))


def _contradictions(usage: Usage) -> frozenset[MappingWarning]:
    """Return the warning that a part of the usage is larger than its whole."""
    cached = (usage.tokens_cache_read or 0) + (usage.tokens_cache_write or 0)
    is_too_large = (usage.tokens_in is not None and cached > usage.tokens_in) or (
        usage.tokens_out is not None and (usage.tokens_reasoning or 0) > usage.tokens_out
    )
    return _INCONSISTENT if is_too_large else frozenset()
