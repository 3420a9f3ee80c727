"""The conventions in use, in the order in which they are asked, and the frameworks' dialects.

Explicit kinds go before operation names; what only corrects a guess of another convention goes
first. Models, providers and ids are looked for under OpenTelemetry's own keys before the vendors'.
"""

from __future__ import annotations

from otel_bridge.conventions.agentops import AGENTOPS
from otel_bridge.conventions.agno import AGNO
from otel_bridge.conventions.alibaba import ALIBABA
from otel_bridge.conventions.anthropic_sdk import ANTHROPIC_SDK
from otel_bridge.conventions.claude_code import CLAUDE_CODE
from otel_bridge.conventions.codex import CODEX
from otel_bridge.conventions.crewai import CREWAI
from otel_bridge.conventions.dspy import DSPY
from otel_bridge.conventions.gemini_cli import GEMINI_CLI
from otel_bridge.conventions.genai import GENAI, USAGE
from otel_bridge.conventions.genkit import GENKIT
from otel_bridge.conventions.google_adk import GOOGLE_ADK
from otel_bridge.conventions.haystack import HAYSTACK, HAYSTACK_OPENINFERENCE
from otel_bridge.conventions.laminar import LAMINAR
from otel_bridge.conventions.langchain4j import LANGCHAIN4J
from otel_bridge.conventions.langfuse import LANGFUSE
from otel_bridge.conventions.langgraph import LANGGRAPH
from otel_bridge.conventions.langsmith import LANGSMITH
from otel_bridge.conventions.langtrace import LANGTRACE
from otel_bridge.conventions.litellm import LITELLM, LITELLM_IDS
from otel_bridge.conventions.livekit import LIVEKIT, LIVEKIT_NAMES
from otel_bridge.conventions.llama_index import LLAMA_INDEX
from otel_bridge.conventions.logfire import LOGFIRE, LOGFIRE_STREAM
from otel_bridge.conventions.mastra import MASTRA, MASTRA_WORKFLOW
from otel_bridge.conventions.mcp import MCP, MCP_SERVER
from otel_bridge.conventions.mlflow import MLFLOW
from otel_bridge.conventions.openai_agents import OPENAI_AGENTS
from otel_bridge.conventions.openinference import OPENINFERENCE
from otel_bridge.conventions.openlit import OPENLIT, OPENLIT_LANGGRAPH, OPENLIT_STREAMS
from otel_bridge.conventions.pydantic_ai import PYDANTIC_AI
from otel_bridge.conventions.smolagents import SMOLAGENTS
from otel_bridge.conventions.spring_ai import SPRING_AI
from otel_bridge.conventions.strands import STRANDS, STRANDS_GROUPS
from otel_bridge.conventions.table import Convention, Dialect
from otel_bridge.conventions.traceloop import TRACELOOP
from otel_bridge.conventions.vercel import VERCEL, VERCEL_OTEL

#: Asked in this order what a span did.
CONVENTIONS: tuple[Convention, ...] = (
    LOGFIRE,
    PYDANTIC_AI,
    GOOGLE_ADK,
    LITELLM,
    VERCEL,
    OPENINFERENCE,
    LANGFUSE,
    LANGSMITH,
    CLAUDE_CODE,
    CODEX,
    GEMINI_CLI,
    TRACELOOP,
    GENAI,
    MLFLOW,
    AGENTOPS,
    MASTRA,
    LAMINAR,
    ALIBABA,
    SPRING_AI,
    MCP,
    GENKIT,
    LIVEKIT,
    LANGTRACE,
    HAYSTACK,
    STRANDS,
    OPENLIT,
    LANGCHAIN4J,
)

#: Looked through in this order for models, providers, names and ids.
BY_KEYS: tuple[Convention, ...] = (
    GENAI,
    OPENINFERENCE,
    VERCEL,
    TRACELOOP,
    *(one for one in CONVENTIONS if one not in (GENAI, OPENINFERENCE, VERCEL, TRACELOOP)),
)

#: Looked through in this order for tokens, after the convention that is the emitter's own.
BY_USAGE: tuple[Convention, ...] = (
    CODEX,
    GEMINI_CLI,
    LANGFUSE,
    GOOGLE_ADK,
    GENAI,
    OPENINFERENCE,
    VERCEL,
    MLFLOW,
    LITELLM,
    GENKIT,
    HAYSTACK,
    MASTRA,
    CLAUDE_CODE,
    LANGCHAIN4J,
)

#: Corrections by instrumentation scope, on top of whatever convention the span is written in.
DIALECTS: tuple[Dialect, ...] = (
    AGNO,
    ANTHROPIC_SDK,
    CREWAI,
    DSPY,
    HAYSTACK_OPENINFERENCE,
    LANGGRAPH,
    LITELLM_IDS,
    LIVEKIT_NAMES,
    LLAMA_INDEX,
    LOGFIRE_STREAM,
    MASTRA_WORKFLOW,
    MCP_SERVER,
    OPENAI_AGENTS,
    OPENLIT_LANGGRAPH,
    OPENLIT_STREAMS,
    SMOLAGENTS,
    STRANDS_GROUPS,
    VERCEL_OTEL,
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
