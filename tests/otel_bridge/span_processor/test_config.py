from __future__ import annotations

import pytest

from otel_bridge.errors import ConfigurationError
from otel_bridge.span_processor.config import BridgeConfig


def test_without_any_setting_the_defaults_are_opentelemetrys_and_the_local_server():
    config = BridgeConfig.from_env({})
    assert config.endpoint == "http://127.0.0.1:5000"
    assert config.api_key is None
    assert config.agent is None
    assert config.heartbeat_interval_s == 60
    assert config.capture_content is False
    assert config.schedule_delay_ms == 5000
    assert config.max_queue_size == 2048
    assert config.max_export_batch_size == 512
    assert config.export_timeout_ms == 30_000


def test_every_setting_can_come_from_the_environment():
    config = BridgeConfig.from_env(
        {
            "OBS_ENDPOINT": "https://obs.example.com/base/",
            "OBS_API_KEY": " obsk_1 ",
            "OBS_AGENT": "planner",
            "OBS_HEARTBEAT_INTERVAL": "0",
            "OBS_CAPTURE_CONTENT": "True",
            "OBS_SHUTDOWN_TIMEOUT": "100",
            "OTEL_BSP_SCHEDULE_DELAY": "200",
            "OTEL_BSP_MAX_QUEUE_SIZE": "4000",
            "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "300",
            "OTEL_BSP_EXPORT_TIMEOUT": "400",
        }
    )
    assert config == BridgeConfig(
        endpoint="https://obs.example.com/base",
        api_key="obsk_1",
        agent="planner",
        heartbeat_interval_s=0,
        capture_content=True,
        schedule_delay_ms=200,
        max_queue_size=4000,
        max_export_batch_size=300,
        export_timeout_ms=400,
        shutdown_timeout_ms=100,
    )


def test_an_argument_wins_over_its_variable():
    environ = {"OBS_AGENT": "from the environment", "OBS_CAPTURE_CONTENT": "true"}
    config = BridgeConfig.from_env(environ, agent="given", capture_content=False)
    assert config.agent == "given"
    assert config.capture_content is False


def test_an_empty_variable_counts_as_not_set():
    environ = dict.fromkeys(["OBS_ENDPOINT", "OBS_API_KEY", "OTEL_BSP_MAX_QUEUE_SIZE"], "")
    assert BridgeConfig.from_env(environ) == BridgeConfig()


def test_the_path_of_the_api_may_be_part_of_the_endpoint():
    config = BridgeConfig.from_env({"OBS_ENDPOINT": "http://localhost:5000/api/obs/"})
    assert config.endpoint == "http://localhost:5000"


def test_a_batch_never_exceeds_what_the_api_takes():
    environ = {"OTEL_BSP_MAX_QUEUE_SIZE": "9000", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "5000"}
    assert BridgeConfig.from_env(environ).max_export_batch_size == 1000


def test_a_small_queue_alone_makes_small_batches():
    assert BridgeConfig.from_env({}, max_queue_size=10).max_export_batch_size == 10


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OBS_ENDPOINT", "localhost:5000"),
        ("OBS_ENDPOINT", "ftp://localhost"),
        ("OBS_ENDPOINT", "http://"),
        ("OBS_ENDPOINT", "http://host:port"),
        ("OBS_ENDPOINT", "http://ho st"),
        ("OBS_API_KEY", "two words"),
        ("OBS_API_KEY", "obsk_ü"),
        ("OBS_HEARTBEAT_INTERVAL", "-1"),
        ("OBS_HEARTBEAT_INTERVAL", "often"),
        ("OBS_HEARTBEAT_INTERVAL", "inf"),
        ("OBS_CAPTURE_CONTENT", "maybe"),
        ("OTEL_BSP_SCHEDULE_DELAY", "0"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "1.5"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "5000"),
        ("OTEL_BSP_EXPORT_TIMEOUT", "soon"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_by_its_name(name: str, value: str):
    with pytest.raises(ConfigurationError, match=name):
        BridgeConfig.from_env({name: value})


def test_the_key_is_never_shown():
    config = BridgeConfig(api_key="obsk_secret")
    assert "obsk_secret" not in repr(config)
    with pytest.raises(ConfigurationError) as refused:
        BridgeConfig.from_env({"OBS_API_KEY": "obsk_secret with more"})
    assert "obsk_secret" not in str(refused.value)
