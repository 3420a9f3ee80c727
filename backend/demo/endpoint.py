"""Which model server the agents talk to: the user's own, or the scripted one."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass

from openai import DefaultHttpxClient, OpenAI

from otel_bridge.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class LiveModels:
    """The user's own OpenAI-compatible server. `model` replaces the models of the agents."""

    base_url: str
    api_key: str
    model: str | None


def live_models(env: Mapping[str, str]) -> LiveModels | None:
    """Return the server that the environment names, or None where the scripted one is meant.

    It takes both variables: a key that is there for other programs must not be charged. Raises
    ConfigurationError for an address without a key.
    """
    base_url = env.get("OPENAI_BASE_URL", "").strip()
    api_key = env.get("OPENAI_API_KEY", "").strip()
    if not base_url:
        return None
    if not api_key:
        raise ConfigurationError(
            "OPENAI_BASE_URL is set but OPENAI_API_KEY is not; set both to use that model server,"
            " or unset OPENAI_BASE_URL to use the scripted one"
        )
    return LiveModels(base_url, api_key, env.get("OPENAI_MODEL", "").strip() or None)


def live_client(models: LiveModels) -> AbstractContextManager[OpenAI]:
    """Return a client of the user's model server."""
    return OpenAI(base_url=models.base_url, api_key=models.api_key)


def scripted_client(base_url: str) -> AbstractContextManager[OpenAI]:
    """Return a client of the scripted server, which no proxy of the environment may come before."""
    http = DefaultHttpxClient(trust_env=False)
    return OpenAI(base_url=base_url, api_key="scripted", http_client=http)
