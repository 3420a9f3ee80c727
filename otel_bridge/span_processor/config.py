"""The bridge's settings, from arguments and from the environment."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from otel_bridge.errors import ConfigurationError
from otel_bridge.span_processor.retry import RetryPolicy

DEFAULT_ENDPOINT = "http://127.0.0.1:5000"

#: The most events that the API takes in one request.
MAX_BATCH_EVENTS = 1000

_API_PATH = "/api/obs"
_TRUE = frozenset({"true", "1", "yes", "on"})
_FALSE = frozenset({"false", "0", "no", "off"})


@dataclass(frozen=True, slots=True)
class BridgeConfig:
    """Settings of one bridge. `from_env` makes one from arguments, environment and defaults.

    `endpoint` is the server's base address; `agent` is who owns spans that stand below no agent
    and who the heartbeats are for. Without an `api_key` nothing is collected or sent.
    """

    endpoint: str = DEFAULT_ENDPOINT
    api_key: str | None = field(default=None, repr=False)
    agent: str | None = None
    heartbeat_interval_s: float = 60.0
    capture_content: bool = False
    schedule_delay_ms: int = 5000
    max_queue_size: int = 2048
    max_export_batch_size: int = 512
    export_timeout_ms: int = 30_000
    shutdown_timeout_ms: int = 5000
    retry: RetryPolicy = field(default_factory=RetryPolicy)

    @classmethod
    def from_env(
        cls,
        environ: Mapping[str, str] | None = None,
        *,
        endpoint: str | None = None,
        api_key: str | None = None,
        agent: str | None = None,
        heartbeat_interval_s: float | None = None,
        capture_content: bool | None = None,
        schedule_delay_ms: int | None = None,
        max_queue_size: int | None = None,
        max_export_batch_size: int | None = None,
        export_timeout_ms: int | None = None,
        shutdown_timeout_ms: int | None = None,
        retry: RetryPolicy | None = None,
    ) -> BridgeConfig:
        """Return the settings: an argument wins over its variable, which wins over the default.

        An empty variable counts as not set, as everywhere in OpenTelemetry. Raises
        ConfigurationError, naming the setting, where a value cannot be read or used.
        """
        env = _Environment(os.environ if environ is None else environ)
        default = cls()
        queue_size, batch_size = _sizes(env, max_queue_size, max_export_batch_size, default)
        return cls(
            endpoint=_base_address(env.text("OBS_ENDPOINT", endpoint) or default.endpoint),
            api_key=_checked_key(env.text("OBS_API_KEY", api_key)),
            agent=env.text("OBS_AGENT", agent),
            heartbeat_interval_s=env.seconds(
                "OBS_HEARTBEAT_INTERVAL", heartbeat_interval_s, default=default.heartbeat_interval_s
            ),
            capture_content=env.flag("OBS_CAPTURE_CONTENT", given=capture_content),
            schedule_delay_ms=env.whole(
                "OTEL_BSP_SCHEDULE_DELAY", schedule_delay_ms, default=default.schedule_delay_ms
            ),
            max_queue_size=queue_size,
            max_export_batch_size=batch_size,
            export_timeout_ms=env.whole(
                "OTEL_BSP_EXPORT_TIMEOUT", export_timeout_ms, default=default.export_timeout_ms
            ),
            shutdown_timeout_ms=env.whole(
                "OBS_SHUTDOWN_TIMEOUT", shutdown_timeout_ms, default=default.shutdown_timeout_ms
            ),
            retry=default.retry if retry is None else retry,
        )


class _Environment:
    """Reads settings; each method takes the variable's name and the argument that wins over it."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def text(self, name: str, given: str | None) -> str | None:
        return (self._environ.get(name, "") if given is None else given).strip() or None

    def whole(self, name: str, given: int | None, *, default: int) -> int:
        value = self._number(name, given, default=default)
        if value < 1 or value != int(value):
            raise ConfigurationError(f"{name} must be a whole number above 0, not {value:g}")
        return int(value)

    def seconds(self, name: str, given: float | None, *, default: float) -> float:
        value = self._number(name, given, default=default)
        if value < 0:
            raise ConfigurationError(f"{name} must be 0 (off) or a number of seconds above 0")
        return value

    def flag(self, name: str, *, given: bool | None) -> bool:
        if given is not None:
            return given
        text = self._environ.get(name, "").strip().lower()
        if text and text not in _TRUE | _FALSE:
            raise ConfigurationError(f"{name} must be true or false, not {text!r}")
        return text in _TRUE

    def _number(self, name: str, given: float | None, *, default: float) -> float:
        text = self._environ.get(name, "").strip() if given is None else given
        if text == "":
            return default
        try:
            value = float(text)
        except (TypeError, ValueError):
            raise ConfigurationError(f"{name} must be a number, not {text!r}") from None
        if not math.isfinite(value):
            raise ConfigurationError(f"{name} must be a finite number, not {text!r}")
        return value


def _sizes(
    env: _Environment, queue: int | None, batch: int | None, default: BridgeConfig
) -> tuple[int, int]:
    """Return the sizes of the queue and of a batch, which must fit into it."""
    queue_size = env.whole("OTEL_BSP_MAX_QUEUE_SIZE", queue, default=default.max_queue_size)
    # A small queue without a batch size of its own asks for small batches, not for an error.
    usual = min(default.max_export_batch_size, queue_size)
    batch_size = env.whole("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", batch, default=usual)
    if batch_size > queue_size:
        raise ConfigurationError(
            f"OTEL_BSP_MAX_EXPORT_BATCH_SIZE ({batch_size}) must not exceed "
            f"OTEL_BSP_MAX_QUEUE_SIZE ({queue_size})"
        )
    return queue_size, min(batch_size, MAX_BATCH_EVENTS)


def _base_address(text: str) -> str:
    """Return the server's address without the API's own path, which many people copy along."""
    try:
        parts = urlsplit(text)
        # Reading the port is what checks it.
        valid = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        valid = False
    if not valid or any(character.isspace() for character in text):
        raise ConfigurationError(
            f"OBS_ENDPOINT must be the server's address, such as {DEFAULT_ENDPOINT}, not {text!r}"
        )
    return text.rstrip("/").removesuffix(_API_PATH)


def _checked_key(key: str | None) -> str | None:
    """Return the key; one that no HTTP header can carry is refused without being repeated."""
    if key is not None and not (key.isascii() and key.isprintable() and " " not in key):
        raise ConfigurationError("OBS_API_KEY must be one word of plain ASCII characters")
    return key
