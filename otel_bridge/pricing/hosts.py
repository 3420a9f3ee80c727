"""Whose API answers at a host."""

from __future__ import annotations

import re
from ipaddress import ip_address

from otel_bridge.pricing.provider_names import HUGGINGFACE_BACKENDS

#: Domain -> provider; a longer one goes before the shorter one that it ends with.
_DOMAINS = {
    domain: provider
    for provider, text in {
        "openai": "openai.com",
        "azure": "openai.azure.com cognitiveservices.azure.com services.ai.azure.com "
        "models.ai.azure.com azure-api.net",
        "github_models": "models.github.ai models.inference.ai.azure.com",
        "github-copilot": "githubcopilot.com",
        "anthropic": "anthropic.com",
        "google": "googleapis.com",
        "openrouter": "openrouter.ai",
        "groq": "groq.com",
        "together": "together.xyz together.ai",
        "fireworks": "fireworks.ai",
        "deepseek": "deepseek.com",
        "mistral": "mistral.ai",
        "x-ai": "x.ai",
        "cerebras": "cerebras.ai",
        "perplexity": "perplexity.ai",
        "moonshotai": "moonshot.ai moonshot.cn",
        "zai": "z.ai",
        "zhipuai": "bigmodel.cn",
        "minimax": "minimax.io minimaxi.com minimax.chat",
        "meta": "meta.ai llama.com",
        "cohere": "cohere.ai cohere.com",
        "voyageai": "voyageai.com",
        "elevenlabs": "elevenlabs.io",
        "databricks": "databricks.com azuredatabricks.net",
        "cloudflare": "api.cloudflare.com",
        "novita": "novita.ai",
        "baseten": "baseten.co",
        "ovhcloud": "cloud.ovh.net",
        "huggingface": "huggingface.co",
        "nvidia": "api.nvidia.com",
        "replicate": "replicate.com",
        "sambanova": "sambanova.ai",
        "ibm.watsonx.ai": "cloud.ibm.com",
        "oracle": "oraclecloud.com",
        "snowflake": "snowflakecomputing.com",
        "ai21": "ai21.com",
        "reka": "reka.ai",
    }.items()
    for domain in text.split()
}
#: AWS puts its regions between the service and the domain.
_AWS = re.compile(
    r"(?:^|\.)(bedrock|runtime\.sagemaker)[\w-]*\.[\w.-]*(?:amazonaws\.com(?:\.cn)?|api\.aws)$"
)
_PRIVATE_DOMAINS = (".internal", ".lan", ".local", ".localhost")
_HOST = re.compile(r"(?:[a-z][a-z\d+.-]*://)?(?:[^/@]*@)?(?:\[([^\]]*)\]|([^/:?#]*))[^/]*/?([^/]*)")


def provider_at(host: str | None) -> str | None:
    """Return the canonical id of the provider whose API a host (a name or a URL) is, or None."""
    if not host:
        return None
    name, path = _parts(host)
    if aws := _AWS.search(name):
        return "aws" if aws[1] == "bedrock" else "sagemaker"
    labels = name.split(".")
    domains = (".".join(labels[start:]) for start in range(len(labels)))
    provider = next((_DOMAINS[domain] for domain in domains if domain in _DOMAINS), None)
    if provider == "huggingface" and path in HUGGINGFACE_BACKENDS:
        return f"huggingface_{path}"
    return provider


def is_private(host: str | None) -> bool:
    """Whether a host is the user's own machine or network."""
    if not host:
        return False
    name, _ = _parts(host)
    try:
        return ip_address(name).is_private
    except ValueError:
        return bool(name) and ("." not in name or name.endswith(_PRIVATE_DOMAINS))


def _parts(host: str) -> tuple[str, str]:
    """Return the host's name and the first part of the path, in lower case."""
    found = _HOST.match(host.strip().lower())
    return (found[1] or found[2], found[3]) if found else ("", "")
