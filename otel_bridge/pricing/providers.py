"""Provider names: from what tracers write to one canonical id (the price list's).

Sources: the semantic conventions' well-known values, the vendors' SDKs, the frameworks that write
their own name where a provider belongs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import urlsplit


def _table(rows: Mapping[str, str]) -> Mapping[str, str]:
    return MappingProxyType(
        {_folded(alias): canonical for canonical, text in rows.items() for alias in text.split()}
    )


def _folded(name: str) -> str:
    return re.sub(r"[\s-]+", "_", name.strip().lower())


#: Canonical id -> spellings, compared in lower case with spaces and hyphens as underscores.
_ALIASES = _table(
    {
        "openai": "openai open_ai openai.chat openai.responses openai.completion openai.embedding "
        "openai.image openai.speech openai.transcription chatopenai",
        "azure": "azure azure_openai az.ai.openai azure.ai.openai azure_open_ai azure.chat "
        "azure.responses azure.completion azure_openai.chat azure_openai.responses azure_ai "
        "az.ai.inference azure.ai.inference azure_ai_inference azure.deepseek "
        "microsoft_foundry foundry",
        "anthropic": "anthropic claude anthropic.messages anthropic.chat chatanthropic "
        "claude_agent_sdk",
        "aws": "aws aws.bedrock bedrock amazon_bedrock amazon bedrock_converse bedrock.converse "
        "aws_bedrock bedrock_runtime sagemaker",
        "google": "google gcp.gemini gcp.vertex_ai gcp.gen_ai gemini vertex_ai vertexai "
        "vertex_ai_beta google_genai google_gla google_vertex google.generative_ai "
        "google.vertex.chat google_generativeai google_ai_gemini google_vertex_ai_gemini "
        "google_vertex_ai_anthropic",
        "mistral": "mistral mistral_ai mistralai mistral.chat",
        "x-ai": "x_ai xai grok xai.chat",
        "groq": "groq groq.chat chatgroq",
        "deepseek": "deepseek deepseek.chat",
        "cohere": "cohere cohere.chat",
        "perplexity": "perplexity perplexity_ai pplx",
        "together": "together together_ai togetherai togetherai.chat",
        "fireworks": "fireworks fireworks_ai fireworks.chat",
        "openrouter": "openrouter openrouter.chat",
        "cerebras": "cerebras cerebras.chat",
        "moonshotai": "moonshot moonshot_ai moonshotai kimi",
        "zai": "zai z_ai z.ai",
        "zhipuai": "zhipuai zhipu bigmodel glm",
        "minimax": "minimax",
        "meta": "meta meta_llama",
        "databricks": "databricks",
        "cloudflare": "cloudflare",
        "voyageai": "voyageai voyage voyage_ai",
        "novita": "novita",
        "ovhcloud": "ovhcloud",
        "baseten": "baseten",
        "modal": "modal",
        "github-copilot": "github_copilot copilot",
        "ollama": "ollama ollama.chat chatollama",
        "vllm": "vllm",
    }
)

#: Frameworks and gateways that stand where a provider or an agent belongs.
_FRAMEWORKS = frozenset(
    {
        "ag2",
        "agent_framework",
        "agno",
        "autogen",
        "crewai",
        "dspy",
        "gateway",
        "gcp.vertex.agent",
        "google_adk",
        "haystack",
        "langchain",
        "langgraph",
        "letta",
        "litellm",
        "litellm_proxy",
        "llama_index",
        "llamaindex",
        "mem0",
        "microsoft.agent_framework",
        "openai_agents",
        "pydantic_ai",
        "semantic_kernel",
        "smolagents",
        "spring_ai",
        "strands_agents",
        "unknown",
    }
)

#: Parts of a host's name, and whose API answers there.
_HOSTS = (
    (".openai.azure.com", "azure"),
    (".services.ai.azure.com", "azure"),
    ("openrouter.ai", "openrouter"),
    ("api.groq.com", "groq"),
    ("api.together.", "together"),
    ("api.fireworks.ai", "fireworks"),
    ("api.deepseek.com", "deepseek"),
    ("api.mistral.ai", "mistral"),
    ("api.x.ai", "x-ai"),
    ("api.cerebras.ai", "cerebras"),
    ("api.perplexity.ai", "perplexity"),
    ("api.moonshot.", "moonshotai"),
    ("generativelanguage.googleapis.com", "google"),
    ("aiplatform.googleapis.com", "google"),
    ("bedrock-runtime.", "aws"),
    ("api.anthropic.com", "anthropic"),
    ("api.openai.com", "openai"),
)

_BEDROCK_MODEL = re.compile(
    r"^(arn:aws:bedrock:|([a-z]{2,6}\.)?(anthropic|amazon|meta|mistral|cohere|ai21|deepseek)\.)"
)
_MODEL_PREFIXES = (
    ("claude", "anthropic"),
    ("gpt-", "openai"),
    ("chatgpt-", "openai"),
    ("text-embedding-", "openai"),
    ("o1", "openai"),
    ("o3", "openai"),
    ("o4", "openai"),
    ("gemini", "google"),
    ("command-", "cohere"),
    ("deepseek", "deepseek"),
    ("mistral", "mistral"),
    ("grok", "x-ai"),
    ("kimi", "moonshotai"),
)


def is_framework(name: str) -> bool:
    """Whether a name is a framework's or a gateway's, so neither a provider nor an agent."""
    return _folded(name) in _FRAMEWORKS


def provider_of(raw: str | None, model: str | None, *, host: str | None = None) -> str | None:
    """Return the canonical provider id, or None where nothing tells it.

    `raw` is what the tracer wrote. "openai" often names only the wire format, so a host that is
    known to be another vendor's decides before it. An unknown name is kept as it is, folded.
    """
    named = None if raw is None or is_framework(raw) else _folded(raw)
    canonical = _ALIASES.get(named) if named else None
    if canonical == "openai" or named is None:
        canonical = _by_host(host) or _by_model(model) or canonical
    return canonical or named


def _by_host(host: str | None) -> str | None:
    if not host:
        return None
    name = (urlsplit(host).hostname or "") if "://" in host else host
    return next((provider for part, provider in _HOSTS if part in name.lower()), None)


def _by_model(model: str | None) -> str | None:
    if model is None:
        return None
    lowered = model.lower()
    prefix, slash, _ = lowered.partition("/")
    if slash and (vendor := _ALIASES.get(_folded(prefix))):
        return vendor
    if _BEDROCK_MODEL.match(lowered):
        return "aws"
    return next((vendor for start, vendor in _MODEL_PREFIXES if lowered.startswith(start)), None)
