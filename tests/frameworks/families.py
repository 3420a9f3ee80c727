"""The tracers under test: the program that each traces, and what each leaves untold."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Literal

from tests.frameworks.model_server import Served

Untold = Literal["cached", "reasoning", "reasoning of streams", "models of failures"]


@dataclass(frozen=True, slots=True)
class Family:
    """A program of `agents/` under one tracer or several.

    `calls` is how many model calls each agent makes; those of `the-program` stand outside of any
    run. `untold` is what the tracer's spans do not say, so that nobody can know it.
    """

    name: str
    program: str
    calls: Mapping[str, int]
    arguments: tuple[str, ...] = ()
    untold: frozenset[Untold] = frozenset()


_BY_HAND = {
    "weather-agent": 2,
    "sensor-agent": 2,
    "doomed-agent": 1,
    "streaming-agent": 2,
    "the-program": 3,
}
_LANGCHAIN = {
    "weather-agent": 2,
    "sensor-agent": 1,
    "doomed-agent": 1,
    "boss": 2,
    "expert": 1,
    "streaming-agent": 2,
    "the-program": 4,
}
_PYDANTIC = {
    "weather-agent": 2,
    "sensor-agent": 1,
    "doomed-agent": 1,
    "boss": 2,
    "expert": 1,
    "streaming-agent": 1,
}
_OPENAI_AGENTS = {
    "weather-agent": 4,
    "sensor-agent": 2,
    "doomed-agent": 1,
    "front-desk": 1,
    "streaming-agent": 1,
}
_WITHOUT_RESPONSES = _BY_HAND | {"the-program": 2}
_ANTHROPIC = _BY_HAND | {"streaming-agent": 1, "the-program": 1}

FAMILIES = (
    Family("openai+openinference", "openai_openinference", _BY_HAND),
    Family(
        "openai+contrib",
        "openai_contrib",
        _WITHOUT_RESPONSES,
        untold=frozenset({"cached", "reasoning"}),
    ),
    Family(
        "openai+traceloop",
        "openai_traceloop",
        _BY_HAND,
        untold=frozenset({"reasoning of streams"}),
    ),
    Family("anthropic+openinference", "anthropic_openinference", _ANTHROPIC),
    Family("langchain+openinference", "langchain_agents", _LANGCHAIN),
    Family("langchain+openai+openinference", "langchain_agents", _LANGCHAIN, ("with-openai",)),
    Family("pydantic-ai+openai", "pydantic_agents", _PYDANTIC),
    Family("pydantic-ai+anthropic", "pydantic_agents", _PYDANTIC, ("anthropic",)),
    Family(
        "openai-agents+openinference",
        "openai_agents",
        _OPENAI_AGENTS,
        untold=frozenset({"models of failures"}),
    ),
)


def known(call: Served, untold: AbstractSet[Untold]) -> Served:
    """Return what is left of `call` without what is untold."""
    if not call.ok and "models of failures" in untold:
        return replace(call, model="unknown")
    tokens = call.tokens
    if tokens and "cached" in untold:
        tokens = replace(tokens, cache_read=0, cache_write=0)
    if tokens and ("reasoning" in untold or (call.streamed and "reasoning of streams" in untold)):
        tokens = replace(tokens, reasoning=0)
    return replace(call, tokens=tokens)
