"""The names of providers: from any spelling to one canonical id, the price list's where it has one.

Sources: the semantic conventions' well-known values, the vendors' SDKs, the classes and settings of
the frameworks, and the frameworks that write their own name where a provider belongs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

#: Software that runs on the user's own machine: a call costs nothing.
LOCAL_PROVIDERS = frozenset(
    {
        *("ollama", "vllm", "lmstudio", "llama.cpp", "llamafile", "gpt4all", "onnx"),
        *("transformers", "local"),
    }
)

#: The providers that stand behind Hugging Face's router, and have prices of their own there.
HUGGINGFACE_BACKENDS = (
    *("cerebras", "fireworks-ai", "groq", "hyperbolic", "nebius", "novita", "nscale"),
    *("ovhcloud", "publicai", "sambanova", "together"),
)

#: Canonical id -> spellings, compared in lower case with spaces and hyphens as underscores. A name
#: with a product behind a dot (`anthropic.messages`) needs no row of its own.
_PRICED = {
    "openai": "openai open_ai chatopenai text_completion_openai",
    "openai-decisions": "openai_decisions",
    "azure": "azure azure_openai azureopenai azurechatopenai az.ai.openai azure_open_ai azure_ai "
    "az.ai.inference azure_ai_inference microsoft_foundry microsoft.foundry foundry "
    "azure_ai_foundry",
    "anthropic": "anthropic claude chatanthropic claude_agent_sdk anthropic_text",
    "aws": "aws bedrock amazon_bedrock amazon bedrock_converse aws_bedrock awsbedrock "
    "bedrock_runtime chatbedrock chatbedrockconverse",
    "google": "google gcp.gemini gcp.vertex_ai gcp.gen_ai gcp gemini vertex vertex_ai vertexai "
    "vertex_ai_beta google_genai google_gla google_vertex google_vertexai googlevertex "
    "google_generativeai google_generative_ai google_ai google_ai_gemini google_vertex_ai "
    "google_vertex_ai_gemini google_vertex_ai_anthropic google_anthropic_vertex chatvertexai "
    "chatgooglegenerativeai",
    "mistral": "mistral mistral_ai mistralai chatmistralai",
    "x-ai": "x_ai xai x.ai grok chatxai",
    "groq": "groq chatgroq",
    "deepseek": "deepseek deepseek_ai chatdeepseek",
    "cohere": "cohere cohere_chat chatcohere",
    "perplexity": "perplexity perplexity_ai pplx chatperplexity",
    "together": "together together_ai togetherai chattogether",
    "fireworks": "fireworks fireworks_ai fireworksai chatfireworks",
    "openrouter": "openrouter open_router chatopenrouter",
    "cerebras": "cerebras chatcerebras",
    "moonshotai": "moonshotai moonshot moonshot_ai kimi",
    "zai": "zai z_ai z.ai",
    "zhipuai": "zhipuai zhipu zhipu_ai bigmodel glm",
    "minimax": "minimax",
    "meta": "meta meta_llama",
    "databricks": "databricks chatdatabricks",
    "cloudflare": "cloudflare workers_ai cloudflare_workers_ai",
    "voyageai": "voyageai voyage voyage_ai",
    "elevenlabs": "elevenlabs eleven_labs",
    "novita": "novita novita_ai",
    "ovhcloud": "ovhcloud",
    "baseten": "baseten",
    "modal": "modal",
    "github-copilot": "github_copilot copilot",
    "cursor": "cursor",
    "arcee": "arcee arcee_ai",
    "avian": "avian",
    "doubleword": "doubleword",
    "quicksilverpro": "quicksilverpro",
    "typesafe": "typesafe",
}

#: Providers that we know, of whose prices nobody keeps a list.
_UNPRICED = {
    "ibm.watsonx.ai": "ibm.watsonx.ai ibm.watson.ai ibm watsonx watsonx.ai watsonx_ai",
    "sagemaker": "sagemaker aws.sagemaker aws_sagemaker amazon_sagemaker sagemaker_chat",
    "huggingface": "huggingface hugging_face hf",
    "github_models": "github_models github",
    "oracle": "oracle oci_genai oci",
    "replicate": "replicate",
    "aleph_alpha": "aleph_alpha",
    "ai21": "ai21 ai21_chat",
    "reka": "reka reka_ai",
    "nvidia": "nvidia nvidia_nim",
    "snowflake": "snowflake",
    "sambanova": "sambanova",
}

_LOCAL = {
    **{name: name for name in LOCAL_PROVIDERS},
    "ollama": "ollama ollama_chat chatollama",
    "vllm": "vllm hosted_vllm",
    "lmstudio": "lmstudio lm_studio",
    "llama.cpp": "llama.cpp llamacpp llama_cpp llama_cpp_python",
}

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

#: What is written where nothing is known.
_NOTHING = frozenset({"", "none", "null", "undefined", "n/a", "_other"})


def folded(name: str) -> str:
    """Return a name in lower case, without quotes, with spaces and hyphens as underscores."""
    return re.sub(r"[\s-]+", "_", name.strip(" \t\r\n\"'").lower())


def _aliases() -> Mapping[str, str]:
    tables = (_PRICED, _UNPRICED, _LOCAL)
    rows = [
        (alias, name) for table in tables for name, text in table.items() for alias in text.split()
    ]
    for backend in HUGGINGFACE_BACKENDS:
        routed = f"huggingface_{backend}"
        rows += [(routed, routed), (f"huggingface.{backend}", routed), (f"hf_{backend}", routed)]
    return MappingProxyType({folded(alias): name for alias, name in rows})


_ALIASES = _aliases()
_CANONICAL = frozenset(_ALIASES.values())


@lru_cache(maxsize=1024)
def canonical_of(name: str) -> str | None:
    """Return the canonical id of a provider, by its name or its product's; None if not known.

    A name that only contains a vendor's (`my-openai-proxy`) is not that vendor's.
    """
    spelled = folded(name)
    return _ALIASES.get(spelled) or _ALIASES.get(spelled.partition(".")[0])


def provider_id(name: str) -> str:
    """Return the canonical id of a provider, or of an unknown one its folded name."""
    return canonical_of(name) or folded(name)


def is_known_provider(name: str) -> bool:
    """Whether a name is the canonical id of a provider that we know, with prices or without."""
    return name in _CANONICAL


def is_framework(name: str) -> bool:
    """Whether a name is a framework's or a gateway's, so neither a provider nor an agent."""
    return folded(name) in _FRAMEWORKS


def names_no_provider(name: str) -> bool:
    """Whether what stands in a provider's place is a framework, a part of one, or a placeholder."""
    spelled = folded(name)
    named = {spelled, spelled.partition(".")[0]}
    return spelled in _NOTHING or not named.isdisjoint(_FRAMEWORKS)
