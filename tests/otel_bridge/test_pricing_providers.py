"""Providers: one id by every spelling, and the seller where the name does not tell it."""

from __future__ import annotations

import pytest
from genai_prices.data import providers
from hypothesis import given
from hypothesis import strategies as st

from otel_bridge.pricing import is_known_provider
from otel_bridge.pricing.providers import is_framework, provider_of

#: Canonical id -> what tracers write.
SPELLINGS = {
    "openai": "openai open_ai OpenAI OPEN_AI openai.chat openai.responses openai.completion "
    "openai.embedding openai.image chatopenai",
    "azure": "azure azure_openai azure-openai az.ai.openai azure.ai.openai AZURE_OPEN_AI "
    "azure.chat azure.responses azure.completion azure-openai.chat azure_ai az.ai.inference "
    "azure.ai.inference azure_ai_inference MICROSOFT_FOUNDRY foundry azure.deepseek",
    "anthropic": "anthropic Anthropic claude anthropic.messages anthropic.chat claude_agent_sdk",
    "aws": "aws.bedrock bedrock amazon_bedrock amazon-bedrock AMAZON_BEDROCK amazon aws AWS "
    "bedrock_converse bedrock.converse aws_bedrock",
    "google": "gcp.gemini gcp.vertex_ai gcp.gen_ai gemini vertex_ai vertexai vertex_ai_beta google "
    "Google google_genai google-gla google-vertex google.generative-ai google.vertex.chat "
    "google_generativeai GOOGLE_AI_GEMINI GOOGLE_GENAI GOOGLE_VERTEX_AI_GEMINI "
    "GOOGLE_VERTEX_AI_ANTHROPIC",
    "mistral": "mistral mistral_ai mistralai MistralAI MISTRAL_AI mistral.chat",
    "x-ai": "x_ai xai x-ai grok xai.chat",
    "groq": "groq groq.chat chatgroq",
    "deepseek": "deepseek deepseek.chat",
    "cohere": "cohere Cohere cohere.chat COHERE",
    "perplexity": "perplexity perplexity_ai pplx",
    "together": "together together_ai together-ai togetherai togetherai.chat",
    "fireworks": "fireworks fireworks_ai fireworks-ai fireworks.chat",
    "openrouter": "openrouter openrouter.chat",
    "cerebras": "cerebras cerebras.chat",
    "moonshotai": "moonshot moonshot_ai moonshotai kimi",
    "zai": "zai z_ai z.ai",
    "zhipuai": "zhipuai zhipu bigmodel glm",
    "minimax": "minimax",
    "meta": "meta meta_llama",
    "github-copilot": "github-copilot copilot",
    "voyageai": "voyageai voyage voyage_ai",
    "huggingface": "huggingface hugging_face hf",
    "huggingface_groq": "huggingface_groq huggingface.groq",
    "ollama": "ollama Ollama OLLAMA ollama.chat",
    "vllm": "vllm vLLM hosted_vllm",
    "lmstudio": "lmstudio lm_studio",
    "llama.cpp": "llama.cpp llamacpp",
    "ibm.watsonx.ai": "ibm.watsonx.ai ibm.watson.ai watsonx WATSONX",
    "sagemaker": "sagemaker aws.sagemaker",
    "replicate": "replicate",
}


@pytest.mark.parametrize(
    ("raw", "canonical"),
    [(raw, canonical) for canonical, text in SPELLINGS.items() for raw in text.split()],
)
def test_every_spelling_becomes_one_id(raw: str, canonical: str) -> None:
    assert provider_of(raw, None) == canonical
    assert provider_of(f'"{raw}"', "a-model") == canonical
    assert is_known_provider(canonical)


@pytest.mark.parametrize("canonical", [provider.id for provider in providers])
def test_the_list_s_own_ids_are_known_and_stay_what_they_are(canonical: str) -> None:
    assert is_known_provider(canonical)
    assert provider_of(canonical, None) == canonical


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ("My Own Gateway", "my_own_gateway"),
        ("my-openai-proxy", "my_openai_proxy"),
        ("fakeprov.chat", "fakeprov.chat"),
        ("openai-compatible", "openai_compatible"),
        ("notanthropic", "notanthropic"),
    ],
)
def test_an_unknown_name_is_kept_and_is_nobody_else(raw: str, kept: str) -> None:
    assert provider_of(raw, "gpt-4o", host="api.openai.com") == kept
    assert not is_known_provider(kept)


@pytest.mark.parametrize(
    ("host", "provider"),
    [
        ("my-deployment.openai.azure.com", "azure"),
        ("https://my.services.ai.azure.com/models", "azure"),
        ("openrouter.ai", "openrouter"),
        ("https://api.groq.com/openai/v1", "groq"),
        ("api.together.xyz:443", "together"),
        ("api.fireworks.ai", "fireworks"),
        ("api.deepseek.com", "deepseek"),
        ("api.mistral.ai", "mistral"),
        ("api.x.ai", "x-ai"),
        ("api.cerebras.ai", "cerebras"),
        ("api.perplexity.ai", "perplexity"),
        ("api.moonshot.cn", "moonshotai"),
        ("generativelanguage.googleapis.com", "google"),
        ("us-central1-aiplatform.googleapis.com", "google"),
        ("bedrock-runtime.eu-west-1.amazonaws.com", "aws"),
        ("runtime.sagemaker.eu-west-1.amazonaws.com", "sagemaker"),
        ("api.anthropic.com", "anthropic"),
        ("https://user:secret@dbc-1.cloud.databricks.com/serving-endpoints", "databricks"),
        ("https://api.cloudflare.com/client/v4/accounts/1/ai/v1", "cloudflare"),
        ("https://router.huggingface.co/groq/openai/v1", "huggingface_groq"),
        ("router.huggingface.co", "huggingface"),
        ("models.inference.ai.azure.com", "github_models"),
        ("integrate.api.nvidia.com", "nvidia"),
        ("API.OPENAI.COM", "openai"),
        ("llm.example.com", "openai"),
        ("api.groq.com.example.com", "openai"),
        ("my-elb.eu-west-1.elb.amazonaws.com", "openai"),
    ],
)
def test_openai_s_client_may_have_called_somebody_else(host: str, provider: str) -> None:
    assert provider_of("openai", "a-model", host=host) == provider


@pytest.mark.parametrize(
    ("model", "host", "provider"),
    [
        ("gpt-4o", None, "openai"),
        ("a-model-of-our-own", None, "openai"),
        ("claude-sonnet-4-5", None, "anthropic"),
        ("gemini-2.5-flash", None, "google"),
        ("anthropic/claude-sonnet-4-5", None, "anthropic"),
        ("mistral-large-latest", None, "mistral"),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", None, "aws"),
        ("claude-sonnet-4-5", "llm.example.com", "anthropic"),
        ("deepseek-r1", "llm.example.com", "openai"),
        ("gpt-4o-mini", "127.0.0.1", "openai"),
        ("claude-sonnet-4-5", "localhost", "anthropic"),
        ("llama3.2", "http://localhost:11434/v1", None),
        ("deepseek-r1:8b", "localhost", None),
        ("gpt-oss-120b", "http://[::1]:8000/v1", None),
        ("mistral-7b", "10.0.0.7", None),
        ("qwen3", "llm", None),
        ("models/llama-3.2.gguf", "localhost", None),
    ],
)
def test_behind_openai_s_client_the_model_may_say_who_answered(
    model: str, host: str | None, provider: str | None
) -> None:
    assert provider_of("openai", model, host=host) == provider


@pytest.mark.parametrize(
    "framework", ["langchain", "strands-agents", "LiteLLM", "gateway", None, ""]
)
@pytest.mark.parametrize(
    ("model", "host", "provider"),
    [
        ("openai/gpt-4o", None, "openai"),
        ("anthropic/claude-sonnet-4-5", None, "anthropic"),
        ("bedrock/us.anthropic.claude-sonnet-4-20250514-v1:0", None, "aws"),
        ("vertex_ai/claude-sonnet-4-5@20250929", None, "google"),
        ("gemini/gemini-2.5-flash", None, "google"),
        ("azure/my-deployment", None, "azure"),
        ("openrouter/openai/gpt-4o", None, "openrouter"),
        ("ollama/llama3.2", None, "ollama"),
        ("huggingface/together/deepseek-ai/DeepSeek-R1", None, "huggingface_together"),
        ("us.anthropic.claude-sonnet-4-20250514-v1:0", None, "aws"),
        ("arn:aws:bedrock:us-east-1:1:inference-profile/us.amazon.nova-lite-v1:0", None, "aws"),
        ("arn:aws:sagemaker:us-east-1:1:endpoint/mine", None, "sagemaker"),
        ("us-gov.amazon.nova-pro-v1:0", None, "aws"),
        ("models/gemini-2.5-flash", None, "google"),
        ("accounts/fireworks/models/kimi-k3", None, "fireworks"),
        ("@cf/meta/llama-3.1-8b-instruct", None, "cloudflare"),
        ("a-deployment", "mine.openai.azure.com", "azure"),
        ("openai/gpt-4o", "openrouter.ai", "openrouter"),
        ("anthropic/claude-sonnet-4-5", "api.openai.com", "anthropic"),
        ("gpt-4o", None, "openai"),
        ("ft:gpt-4o-mini-2024-07-18:org::id", None, "openai"),
        ("claude-opus-4-1", "llm.example.com", "anthropic"),
        ("command-r-plus", None, "cohere"),
        ("kimi-k2", None, "moonshotai"),
        ("deepseek-r1:8b", None, None),
        ("meta-llama/Llama-3.3-70B-Instruct", None, None),
        ("mistralai/Mistral-7B-Instruct-v0.3", None, None),
        ("gpt-oss-120b", None, None),
        ("a-private-model", None, None),
        (None, None, None),
    ],
)
def test_behind_a_framework_s_name_model_and_host_say_who_answered(
    framework: str | None, model: str | None, host: str | None, provider: str | None
) -> None:
    assert provider_of(framework, model, host=host) == provider


def test_openai_s_agents_are_openai_s_only_with_its_models() -> None:
    assert provider_of("openai_agents", "gpt-4o") == "openai"
    assert provider_of("openai_agents", "a-private-model") is None


def test_a_model_in_bedrock_s_form_was_sold_by_aws() -> None:
    assert provider_of("anthropic", "eu.anthropic.claude-sonnet-4-5-20250929-v1:0") == "aws"
    assert provider_of("openrouter", "anthropic.claude-sonnet-4-5") == "openrouter"


def test_the_router_s_suffix_names_who_answers_behind_it() -> None:
    assert provider_of("huggingface", "openai/gpt-oss-120b:groq") == "huggingface_groq"
    assert provider_of("huggingface", "openai/gpt-oss-120b") == "huggingface"


@given(raw=st.none() | st.text(), model=st.none() | st.text(), host=st.none() | st.text())
def test_a_provider_once_found_stays_the_same(
    raw: str | None, model: str | None, host: str | None
) -> None:
    found = provider_of(raw, model, host=host)
    if found is not None and found != "openai":
        assert provider_of(found, None) == found


def test_frameworks_are_neither_providers_nor_agents() -> None:
    assert is_framework("LangGraph")
    assert is_framework("pydantic-ai")
    assert not is_framework("weather_agent")
    assert not is_known_provider("langchain")
