"""The conventions in use, in the order in which they are asked, and the frameworks' dialects.

Explicit kinds go before operation names; what only corrects a guess of another convention goes
first. Models, providers and ids are looked for under OpenTelemetry's own keys before the vendors'.
"""

from __future__ import annotations

from otel_bridge.conventions.crewai import CREWAI_OPENINFERENCE
from otel_bridge.conventions.genai import GENAI, USAGE
from otel_bridge.conventions.google_adk import GOOGLE_ADK
from otel_bridge.conventions.haystack import HAYSTACK
from otel_bridge.conventions.langfuse import LANGFUSE
from otel_bridge.conventions.langgraph import LANGGRAPH
from otel_bridge.conventions.litellm import LITELLM
from otel_bridge.conventions.logfire import LOGFIRE, LOGFIRE_STREAM
from otel_bridge.conventions.mlflow import MLFLOW
from otel_bridge.conventions.openinference import OPENINFERENCE
from otel_bridge.conventions.pydantic_ai import PYDANTIC_AI
from otel_bridge.conventions.smolagents import SMOLAGENTS
from otel_bridge.conventions.table import Convention, Dialect
from otel_bridge.conventions.traceloop import TRACELOOP
from otel_bridge.conventions.vercel import VERCEL

#: Asked in this order what a span did.
CONVENTIONS: tuple[Convention, ...] = (
    LOGFIRE,
    PYDANTIC_AI,
    GOOGLE_ADK,
    LITELLM,
    OPENINFERENCE,
    LANGFUSE,
    VERCEL,
    TRACELOOP,
    GENAI,
    MLFLOW,
    HAYSTACK,
)

#: Looked through in this order for models, providers, names and ids.
BY_KEYS: tuple[Convention, ...] = (
    GENAI,
    OPENINFERENCE,
    VERCEL,
    TRACELOOP,
    PYDANTIC_AI,
    LITELLM,
    GOOGLE_ADK,
    LANGFUSE,
    MLFLOW,
    HAYSTACK,
    LOGFIRE,
)

#: Looked through in this order for tokens, after the convention that is the emitter's own.
BY_USAGE: tuple[Convention, ...] = (
    LANGFUSE,
    GENAI,
    OPENINFERENCE,
    VERCEL,
    MLFLOW,
    LITELLM,
    HAYSTACK,
)

#: Corrections by instrumentation scope, on top of whatever convention the span is written in.
DIALECTS: tuple[Dialect, ...] = (
    SMOLAGENTS,
    LANGGRAPH,
    CREWAI_OPENINFERENCE,
    LOGFIRE_STREAM,
)

BY_NAME = {convention.name: convention for convention in CONVENTIONS}

#: Tokens on span events are told in OpenTelemetry's own keys.
EVENT_USAGE = USAGE

#: Keys of specifications that say that input includes cached tokens.
SPECIFIED_KEYS = frozenset(
    {
        "gen_ai.usage.cache_read.input_tokens",
        "llm.token_count.prompt_details.cache_read",
    }
)
