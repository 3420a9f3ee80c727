"""LangChain4j, over Micrometer: `outcome` and bare token keys beside GenAI attributes.

Source: the langchain4j repository's observation module. Oddities: counts are strings under bare
keys, which mean something only here; the provider is the name of a Java enum, `unknown` where it is
not known; nothing is told of cached tokens; errors are an outcome.
"""

from __future__ import annotations

from otel_bridge.conventions.table import Convention, FactKeys, UsageKeys

LANGCHAIN4J = Convention(
    name="langchain4j",
    markers=("outcome",),
    is_guarded=True,
    failed_when={"outcome": frozenset({"error"})},
    usage=UsageKeys(tokens_in=("input_tokens",), tokens_out=("output_tokens",)),
    keys=FactKeys(error=("error",)),
)
