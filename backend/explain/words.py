"""What reasons and codes mean, in words: the one table of them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from backend.store.accounting import SetAside
from otel_bridge.facts import MappingWarning

#: Why an event does not count.
REASONS: Mapping[str, str] = MappingProxyType(
    {
        SetAside.REPEATS_CALLS_BELOW: "adds up what the calls below it tell one by one",
        SetAside.REPEATS_USAGE_BELOW: "adds up what agents or steps below it tell",
        SetAside.REPEATS_CALLS_OF_RUN: "adds up what the calls of its run tell one by one",
        SetAside.SAME_CALL_BELOW: "a span inside it tells the same call",
        SetAside.SAME_CALL_ABOVE: "the span around it tells the same call, and more of it",
        SetAside.SAME_RESPONSE: "another tracer tells the call with the same response id",
        SetAside.SAME_TOKENS_AND_TIME: (
            "another tracer tells a call with the same tokens at the same time in the same process"
        ),
        SetAside.SAME_EXECUTION: "another tracer tells the same execution of the tool",
        SetAside.REPEATS_FAILURE_BELOW: "failed because of what failed below it",
    }
)

#: What is doubtful about a span.
WARNINGS: Mapping[str, str] = MappingProxyType(
    {
        MappingWarning.UNREADABLE_VALUE: "a value of usage, cost or model cannot be read",
        MappingWarning.UNKNOWN_PROVIDER: "the span names a provider that is not known",
        MappingWarning.MISSING_MODEL: "a successful call names no model",
        MappingWarning.MISSING_USAGE: "a successful call tells no tokens",
        MappingWarning.USAGE_INCONSISTENT: "its token counts contradict each other",
        MappingWarning.REASONING_INFERRED: "reasoning tokens are told only by the total",
        MappingWarning.ESTIMATED_USAGE: "the tracer counted words itself: left out",
        MappingWarning.COST_DIFFERS: (
            "the tracer's own cost and the price list's are more than 25 % apart"
        ),
    }
)


def with_words(code: str, words: Mapping[str, str]) -> str:
    """Return a code with what it means; a code without words stays as it is."""
    return f"{code}: {words[code]}" if code in words else code
