"""Instrumentations whose token counts differ from the specification, and which releases did.

The specification: input includes cached tokens, output includes reasoning. Sources: the packages
themselves, release by release, and their issue trackers.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from otel_bridge.conventions.table import Keys, in_scope

Version = tuple[int, ...]

_ANTHROPIC_LIKE = frozenset({"anthropic", "aws"})
_GOOGLE = frozenset({"google"})


class Quirk(Enum):
    """How an emitter's numbers differ; the first says that they are known not to."""

    #: Input includes cached tokens though releases or siblings of the emitter leave them out.
    INPUT_WITH_CACHE = auto()
    INPUT_WITHOUT_CACHE = auto()
    #: Only the total includes reasoning ("thoughts").
    OUTPUT_WITHOUT_REASONING = auto()
    #: Reasoning, which output already includes, was added to it once more.
    REASONING_TWICE = auto()
    #: A stream's first, provisional count of output (at least one) is added to the final one.
    FIRST_CHUNK_TWICE = auto()


@dataclass(frozen=True, slots=True)
class Emitter:
    """An instrumentation scope with a quirk: for which providers, releases and keys.

    `since` is the first release, as numbers, that has the quirk, `before` the first that no longer
    has it; a span that tells no release has no quirk of releases. `with_keys` are attributes of
    which one must be there, `unless_keys` those that only releases without the quirk write.
    """

    quirk: Quirk
    scope: str
    providers: frozenset[str] | None = None
    not_for: frozenset[str] = frozenset()
    since: Version = ()
    before: Version | None = None
    with_keys: Keys = ()
    unless_keys: Keys = ()
    only_streams: bool = False

    def speaks_for(self, provider: str | None) -> bool:
        """Whether the quirk holds for calls to this provider."""
        return (self.providers is None or provider in self.providers) and (
            provider not in self.not_for
        )

    def may_write(self, scope_name: str, scope_version: str, present: frozenset[str]) -> bool:
        """Whether spans of this scope and version with these keys are this emitter's."""
        if not in_scope(scope_name, self.scope):
            return False
        if self.with_keys and present.isdisjoint(self.with_keys):
            return False
        if not present.isdisjoint(self.unless_keys):
            return False
        if not self.since and self.before is None:
            return True
        version = _version(scope_version)
        if not version:
            return False
        return self.since <= version and (self.before is None or version < self.before)


EMITTERS = (
    Emitter(
        Quirk.INPUT_WITHOUT_CACHE,
        "openinference.instrumentation.anthropic",
        _ANTHROPIC_LIKE,
        before=(0, 1, 14),
    ),
    Emitter(
        Quirk.INPUT_WITH_CACHE,
        "openinference.instrumentation.anthropic",
        _ANTHROPIC_LIKE,
        since=(0, 1, 14),
    ),
    Emitter(
        Quirk.INPUT_WITHOUT_CACHE,
        "openinference.instrumentation.langchain",
        _ANTHROPIC_LIKE,
        before=(0, 1, 55),
    ),
    Emitter(Quirk.INPUT_WITHOUT_CACHE, "openinference.instrumentation.agno", _ANTHROPIC_LIKE),
    Emitter(Quirk.INPUT_WITH_CACHE, "opentelemetry.instrumentation.anthropic", _ANTHROPIC_LIKE),
    Emitter(Quirk.INPUT_WITHOUT_CACHE, "opentelemetry.instrumentation.bedrock", _ANTHROPIC_LIKE),
    Emitter(Quirk.INPUT_WITHOUT_CACHE, "opentelemetry.instrumentation.botocore", _ANTHROPIC_LIKE),
    Emitter(Quirk.INPUT_WITHOUT_CACHE, "openlit", _ANTHROPIC_LIKE),
    Emitter(Quirk.INPUT_WITHOUT_CACHE, "com.anthropic.claude_code"),
    Emitter(Quirk.INPUT_WITHOUT_CACHE, "genkit-tracer", _ANTHROPIC_LIKE),
    # The Logfire SDK sums up since 4.31.
    Emitter(Quirk.INPUT_WITHOUT_CACHE, "logfire.anthropic", _ANTHROPIC_LIKE, before=(4, 31)),
    Emitter(Quirk.INPUT_WITHOUT_CACHE, "agent_framework", _ANTHROPIC_LIKE),
    Emitter(Quirk.INPUT_WITH_CACHE, "pydantic-ai"),
    Emitter(Quirk.INPUT_WITH_CACHE, "com.anthropic.sdk"),
    # The AI SDK sums up since 6; only from then on it tells what is not cached.
    Emitter(
        Quirk.INPUT_WITHOUT_CACHE,
        "ai",
        _ANTHROPIC_LIKE,
        unless_keys=("ai.usage.inputTokenDetails.noCacheTokens",),
    ),
    Emitter(Quirk.INPUT_WITH_CACHE, "ai", with_keys=("ai.usage.inputTokenDetails.noCacheTokens",)),
    Emitter(Quirk.INPUT_WITH_CACHE, "gen_ai"),
    Emitter(
        Quirk.OUTPUT_WITHOUT_REASONING,
        "opentelemetry.instrumentation.google_generativeai",
        _GOOGLE,
    ),
    Emitter(Quirk.OUTPUT_WITHOUT_REASONING, "opentelemetry.instrumentation.vertexai", _GOOGLE),
    # streaming.py adds the output of message_delta to that of message_start.
    Emitter(Quirk.FIRST_CHUNK_TWICE, "opentelemetry.instrumentation.anthropic", only_streams=True),
    # lite_llm.py calls completion tokens candidates, to which telemetry adds the thoughts again.
    Emitter(Quirk.REASONING_TWICE, "gcp.vertex.agent", not_for=_GOOGLE, since=(2,)),
)


def _version(text: str) -> Version:
    """Return a version's leading numbers; none where it does not begin with one."""
    numbers = []
    for part in text.split("."):
        if not (part.isascii() and part.isdigit()) or len(part) > 9:
            break
        numbers.append(int(part))
    return tuple(numbers)
