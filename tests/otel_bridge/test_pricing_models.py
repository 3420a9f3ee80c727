"""Models: one price by every name of a model, and none by the name of another."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from otel_bridge.facts import Usage
from otel_bridge.pricing import PriceBook, calculate_cost

NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)
USAGE = Usage(1_000_000, 1_000_000, tokens_cache_read=100_000)


def cost(provider: str, model: str) -> Decimal | None:
    quote = PriceBook().quote(provider, model, USAGE, at=NOON)
    return None if quote is None else quote.cost_usd


@pytest.mark.parametrize(
    ("provider", "model", "same_as"),
    [
        ("openai", "openai/gpt-4o", "gpt-4o"),
        ("openai", "openai:gpt-4o", "gpt-4o"),
        ("openai", "GPT-4o", "gpt-4o"),
        ("azure", "azure/gpt-4o-mini", "gpt-4o-mini"),
        ("azure", "azure/eu/gpt-4o-2024-08-06", "gpt-4o"),
        ("google", "models/gemini-2.5-flash", "gemini-2.5-flash"),
        ("google", "gemini/gemini-2.5-flash", "gemini-2.5-flash"),
        ("google", "publishers/google/models/gemini-2.5-flash", "gemini-2.5-flash"),
        (
            "google",
            "projects/p/locations/l/publishers/google/models/gemini-2.5-pro",
            "gemini-2.5-pro",
        ),
        ("google", "vertex_ai/claude-sonnet-4-5@20250929", "claude-sonnet-4-5"),
        ("anthropic", "anthropic/claude-sonnet-4-5", "claude-sonnet-4-5"),
        ("anthropic", "claude-sonnet-4-5@20250929", "claude-sonnet-4-5"),
        ("mistral", "mistral/mistral-large-latest", "mistral-large-latest"),
        ("x-ai", "xai/grok-3-mini", "grok-3-mini"),
        ("perplexity", "perplexity/sonar-pro", "sonar-pro"),
        ("groq", "groq/llama-3.3-70b-versatile", "llama-3.3-70b-versatile"),
        ("groq", "groq/openai/gpt-oss-20b", "openai/gpt-oss-20b"),
        (
            "together",
            "together_ai/meta-llama/Llama-3.3-70B-Instruct-Turbo",
            "meta-llama/Llama-3.3-70B-Instruct-Turbo",
        ),
        (
            "fireworks",
            "fireworks_ai/accounts/fireworks/models/kimi-k3",
            "accounts/fireworks/models/kimi-k3",
        ),
        ("fireworks", "kimi-k3", "accounts/fireworks/models/kimi-k3"),
        ("openrouter", "openrouter/anthropic/claude-sonnet-4.5", "anthropic/claude-sonnet-4.5"),
        ("openrouter", "openai/gpt-4o:nitro", "openai/gpt-4o"),
        (
            "cloudflare",
            "workers-ai/@cf/meta/llama-3.1-8b-instruct",
            "@cf/meta/llama-3.1-8b-instruct",
        ),
        ("huggingface_groq", "openai/gpt-oss-120b:groq", "openai/gpt-oss-120b"),
    ],
)
def test_prefixes_of_a_model_do_not_change_its_price(
    provider: str, model: str, same_as: str
) -> None:
    assert cost(provider, model) == cost(provider, same_as) is not None


CLAUDE = "us.anthropic.claude-sonnet-4-20250514-v1:0"


def test_the_size_of_the_context_that_was_asked_for_is_no_part_of_the_name() -> None:
    model = "claude-sonnet-4-5-20250929"
    assert cost("anthropic", f"{model}[1m]") == cost("anthropic", model) is not None


@pytest.mark.parametrize(
    ("model", "same_as"),
    [
        (f"bedrock/{CLAUDE}", CLAUDE),
        (CLAUDE.partition("anthropic.")[2], CLAUDE),
        ("nova-pro-v1:0", "amazon.nova-pro-v1:0"),
        (f"bedrock/converse/{CLAUDE}", CLAUDE),
        (f"arn:aws:bedrock:us-east-1:123456789012:inference-profile/{CLAUDE}", CLAUDE),
        ("anthropic.claude-sonnet-4-20250514-v1:0", CLAUDE),
        ("eu.anthropic.claude-sonnet-4-20250514-v1:0", CLAUDE),
        ("apac.anthropic.claude-sonnet-4-20250514-v1:0", CLAUDE),
        ("us-gov.anthropic.claude-sonnet-4-20250514-v1:0", CLAUDE),
        ("ca.anthropic.claude-sonnet-4-20250514-v1:0", CLAUDE),
        ("us.amazon.nova-lite-v1:0", "amazon.nova-lite-v1:0"),
        ("amazon.nova-lite-v1:0:300k", "amazon.nova-lite-v1:0"),
        ("amazon.nova-lite", "amazon.nova-lite-v1:0"),
    ],
)
def test_bedrock_s_regions_versions_and_arns_name_the_same_model(model: str, same_as: str) -> None:
    assert cost("aws", model) == cost("aws", same_as) is not None


def test_a_region_with_a_price_of_its_own_keeps_it() -> None:
    everywhere = cost("aws", "global.anthropic.claude-sonnet-4-5-20250929-v1:0")
    in_europe = cost("aws", "eu.anthropic.claude-sonnet-4-5-20250929-v1:0")
    assert everywhere is not None
    assert in_europe is not None
    assert everywhere < in_europe


@pytest.mark.parametrize(
    ("provider", "model", "same_as"),
    [
        ("openai", "gpt-4o-2031-05-06", "gpt-4o"),
        ("openai", "gpt-4o-20310506", "gpt-4o"),
        ("openai", "gpt-4.1-mini-2031-05-06", "gpt-4.1-mini"),
        ("openai", "gpt-5.2-20251211", "gpt-5.2"),
        ("openrouter", "openai/gpt-4o-20240513", "openai/gpt-4o-2024-05-13"),
        ("anthropic", "claude-sonnet-4-5-20310101", "claude-sonnet-4-5"),
        ("anthropic", "claude-sonnet-4-5-latest", "claude-sonnet-4-5"),
        ("google", "gemini-2.5-flash-001", "gemini-2.5-flash"),
        ("google", "gemini-2.5-pro-preview-06-05", "gemini-2.5-pro"),
        ("mistral", "mistral-large-2812", "mistral-large"),
        ("cohere", "command-r-08-2031", "command-r"),
    ],
)
def test_a_release_that_the_list_does_not_know_is_priced_as_its_model(
    provider: str, model: str, same_as: str
) -> None:
    assert cost(provider, model) == cost(provider, same_as) is not None


@pytest.mark.parametrize(
    ("provider", "model", "other"),
    [
        ("openai", "gpt-4o-mini", "gpt-4o"),
        ("openai", "gpt-4o-mini-2031-01-01", "gpt-4o"),
        ("openai", "gpt-4o-2024-05-13-audio", "gpt-4o"),
        ("openai", "gpt-4o-audio-preview-2031-01-01", "gpt-4o"),
        ("openai", "gpt-4o-realtime-preview-2024-12-17", "gpt-4o"),
        ("openai", "o3-mini", "o3"),
        ("openai", "ft:gpt-4o-mini-2024-07-18:org::id", "gpt-4o-mini"),
        ("azure", "o4-mini-deep-research", "o4-mini"),
        ("anthropic", "claude-opus-4-5", "claude-opus-4-1"),
        ("google", "gemini-2.5-flash-lite", "gemini-2.5-flash"),
        ("google", "gemini-2.5-flash-image", "gemini-2.5-flash"),
        ("openrouter", "openai/gpt-4o-2024-05-13", "openai/gpt-4o"),
    ],
)
def test_a_model_is_not_priced_as_one_that_is_called_alike(
    provider: str, model: str, other: str
) -> None:
    assert cost(provider, model) != cost(provider, other) is not None


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("azure", "my-deployment"),
        ("azure", "my-gpt-4o"),
        ("azure", "my-o4-mini-prod"),
        ("azure", "content-moderation"),
        ("openai", "gpt-4o-of-tomorrow"),
        ("openai", "ft:gpt-4.1-2025-04-14:org:moderation:id"),
        ("openai", "ft:gpt-4o:org::id"),
        ("anthropic", "claude-opus-4-10"),
        ("anthropic", "claude-sonnet-4-5-fast"),
        ("aws", "arn:aws:bedrock:us-east-1:1:application-inference-profile/abc123"),
        (
            "aws",
            "arn:aws:bedrock:us-east-1:1:custom-model/anthropic.claude-3-haiku-20240307-v1:0/abc",
        ),
        ("aws", "my-copy-of-amazon.nova-lite-v1:0"),
        ("google", "projects/p/locations/l/endpoints/123"),
        ("google", "tunedModels/gemini-2.5-flash-lite-of-mine"),
        ("deepseek", "deepseek-r1-distill-llama-70b"),
        ("openrouter", "openai/gpt-4o:online"),
        ("groq", "llama-of-tomorrow"),
        ("sagemaker", "meta.llama3-8b-instruct-v1:0"),
        ("ibm.watsonx.ai", "mistral-large"),
        ("replicate", "anthropic/claude-sonnet-4-5"),
        ("fakeprov.chat", "gpt-4o"),
        ("my-openai-proxy", "gpt-4o"),
        ("anthropic-but-not-really", "claude-sonnet-4-5"),
        ("litellm", "openai/gpt-4o"),
    ],
)
def test_what_is_no_model_of_the_provider_s_has_no_price(provider: str, model: str) -> None:
    assert cost(provider, model) is None


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("AZURE_OPEN_AI", "gpt-4o"),
        ("anthropic.messages", "claude-sonnet-4-5"),
        ("anthropic", CLAUDE),
        ("langchain", "gpt-4o"),
        ("litellm", "gemini/gemini-2.5-flash"),
        ("x_ai", "grok-3-mini"),
        ("gcp.gen_ai", "gemini-2.5-flash"),
        (None, "claude-sonnet-4-5"),
    ],
)
def test_any_spelling_of_a_provider_finds_the_price(provider: str | None, model: str) -> None:
    assert calculate_cost(provider, model, 1000, 1000) is not None


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("my-openai-proxy", "gpt-4o"),
        ("openai_compatible", "gpt-4o"),
        ("fakeprov.chat", "gpt-4o"),
        ("sagemaker", "gpt-4o"),
        ("watsonx", "mistral-large-latest"),
    ],
)
def test_a_name_that_only_contains_a_vendor_s_finds_none(provider: str, model: str) -> None:
    assert calculate_cost(provider, model, 1000, 1000) is None
