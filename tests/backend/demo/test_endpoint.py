from __future__ import annotations

import pytest

from backend.demo.endpoint import LiveModels, live_models
from otel_bridge.errors import ConfigurationError

_ADDRESS = "http://127.0.0.1:11434/v1"


def test_without_variables_the_scripted_server_is_meant() -> None:
    assert live_models({}) is None


def test_a_key_alone_is_never_charged() -> None:
    assert live_models({"OPENAI_API_KEY": "sk-1"}) is None


def test_address_and_key_name_the_users_own_server() -> None:
    env = {"OPENAI_API_KEY": "sk-1", "OPENAI_BASE_URL": _ADDRESS, "OPENAI_MODEL": "qwen3"}
    assert live_models(env) == LiveModels(_ADDRESS, "sk-1", "qwen3")


def test_an_address_without_a_key_is_refused_with_the_missing_name() -> None:
    with pytest.raises(ConfigurationError, match="OPENAI_API_KEY"):
        live_models({"OPENAI_BASE_URL": _ADDRESS})
