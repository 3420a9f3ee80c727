"""Who sold a call: by the name that the tracer wrote, the host that answered, the model's id."""

from __future__ import annotations

import re
from functools import lru_cache

from otel_bridge.pricing.hosts import is_private, provider_at
from otel_bridge.pricing.provider_names import (
    HUGGINGFACE_BACKENDS,
    canonical_of,
    is_framework,
    is_known_provider,
    names_no_provider,
    provider_id,
)

__all__ = ["is_framework", "is_known_provider", "provider_of"]

#: Resellers, whose ids of models begin with the maker's name.
RESELLERS = frozenset(
    {
        *("arcee", "avian", "baseten", "cloudflare", "doubleword", "fireworks", "groq", "modal"),
        *("novita", "openrouter", "perplexity", "together"),
    }
)
_UNPRICED_RESELLERS = frozenset({"github_models", "nvidia", "replicate", "sambanova"})
#: Makers whose own API does not know ids in Bedrock's form: where one stands, Bedrock was called.
_MAKERS = frozenset({"anthropic", "cohere", "deepseek", "meta", "mistral", "openai"})

#: `[region.]maker.model` or an ARN.
_BEDROCK = re.compile(
    r"arn:aws[\w-]*:bedrock:"
    r"|(?:(?:[a-z]{2}(?:-gov)?|apac|global)\.)?"
    r"(?:ai21|amazon|anthropic|cohere|deepseek|google|meta|minimax|mistral|moonshot(?:ai)?|nvidia"
    r"|openai|qwen|stability|writer|zai)\.[a-z]"
)
#: Ids that are paths of one vendor's API.
_PATHS = (
    ("accounts/fireworks/", "fireworks"),
    ("@cf/", "cloudflare"),
    ("models/gem", "google"),
    ("publishers/", "google"),
    ("projects/", "google"),
    ("arn:aws:sagemaker:", "sagemaker"),
)
#: Names on Hugging Face of who made a model, which do not say who runs it.
_AUTHORS = frozenset({"deepseek-ai", "meta-llama", "mistralai"})

#: How the ids of models begin that only their maker sells, or a cloud that names itself.
_CLOSED = (
    (re.compile(r"gpt-oss"), None),
    (re.compile(r"claude"), "anthropic"),
    (re.compile(r"(?:ft:)?(?:gpt-|chatgpt-|o[134](?:-|$)|davinci|babbage)"), "openai"),
    (re.compile(r"text-embedding-(?:3|ada)|dall-e|tts-1|whisper-1|computer-use"), "openai"),
    (re.compile(r"gemini"), "google"),
    (re.compile(r"command-"), "cohere"),
    (re.compile(r"grok-"), "x-ai"),
    (re.compile(r"deepseek-(?:chat|reasoner)$"), "deepseek"),
    (re.compile(r"(?:mi|code|dev|magi|mini|pix)stral-[\w-]*latest$"), "mistral"),
    (re.compile(r"sonar(?:-|$)"), "perplexity"),
    (re.compile(r"voyage-"), "voyageai"),
    (re.compile(r"eleven_"), "elevenlabs"),
    (re.compile(r"databricks-"), "databricks"),
)
#: The same of models that anyone may run: a hint where nothing else is told.
_OPEN = (
    (re.compile(r"deepseek"), "deepseek"),
    (re.compile(r"(?:mi|code|dev|magi|mini)stral|[mp]ixtral|voxtral|open-mi[sx]tral"), "mistral"),
    (re.compile(r"kimi|moonshot"), "moonshotai"),
    (re.compile(r"glm-"), "zhipuai"),
    (re.compile(r"minimax-m"), "minimax"),
)
_MAX_CHARS = 255
#: A size or a tag behind a colon, as Ollama writes it: the model runs on somebody's own machine.
_OWN_MACHINE = re.compile(r":(?:latest|[\d.]+[bm])")


def provider_of(raw: str | None, model: str | None, *, host: str | None = None) -> str | None:
    """Return the canonical provider id, or None where nothing tells it.

    `raw` is what the tracer wrote, `host` a host's name or URL. "openai" often names only the wire
    format, so a host that is known to be another vendor's decides before it, and so does a model
    that is clearly another vendor's. An unknown name is kept as it is, folded.
    """
    return _provider_of(_cut(raw), _cut(model), _cut(host))


def _cut(text: str | None) -> str | None:
    """Return as much of a text as a name has, so that the cache stays small."""
    return text if text is None else text[:_MAX_CHARS]


@lru_cache(maxsize=4096)
def _provider_of(raw: str | None, model: str | None, host: str | None) -> str | None:
    lowered = (model or "").strip().lower()
    if raw is None or names_no_provider(raw):
        return _routed(_inferred(lowered, host), lowered)
    named = provider_id(raw)
    if named == "openai":
        return _routed(_behind_openai(lowered, host), lowered)
    if named in _MAKERS and _BEDROCK.match(lowered):
        return "aws"
    return _routed(named, lowered)


def _inferred(model: str, host: str | None) -> str | None:
    """Return the provider of a call whose tracer names none.

    A prefix of the model's id goes first, except at a reseller's, where it names the maker.
    """
    answering = provider_at(host)
    if answering is not None and _is_reseller(answering):
        return answering
    return _by_form(model) or answering or _by_name(model, host)


def _is_reseller(provider: str) -> bool:
    return (
        provider in RESELLERS or provider in _UNPRICED_RESELLERS or provider[:11] == "huggingface"
    )


def _behind_openai(model: str, host: str | None) -> str | None:
    """Return the provider of a call that was made with OpenAI's client or in its wire format."""
    told = provider_at(host) or _by_form(model) or _by_name(model, host)
    return told if told or is_private(host) else "openai"


def _by_form(model: str) -> str | None:
    """Return who is named by a model's path, prefix, or Bedrock's form of ids."""
    prefix, slash, _ = model.partition("/")
    if slash and prefix not in _AUTHORS and (named := canonical_of(prefix)):
        return named
    if _BEDROCK.match(model):
        return "aws"
    return next((vendor for start, vendor in _PATHS if model.startswith(start)), None)


def _by_name(model: str, host: str | None) -> str | None:
    """Return whose model it is; of an open one only where nothing says that others run it."""
    name = model.rpartition("/")[2]
    for start, vendor in _CLOSED:
        if start.match(name):
            return None if _OWN_MACHINE.search(name) else vendor
    if host or name != model or _OWN_MACHINE.search(name):
        return None
    return next((vendor for start, vendor in _OPEN if start.match(name)), None)


def _routed(provider: str | None, model: str) -> str | None:
    """Return who answers behind Hugging Face's router, as the model's id says it."""
    if provider != "huggingface":
        return provider
    named = {model.rpartition(":")[2], *model.split("/")[:2]}
    backend = next((name for name in HUGGINGFACE_BACKENDS if name in named), None)
    return provider if backend is None else f"huggingface_{backend}"
