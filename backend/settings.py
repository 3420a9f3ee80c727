"""Settings of the server, read from the environment once. Documented in `.env.example`."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from otel_bridge.errors import ConfigurationError

DEFAULT_DATABASE_URL = "sqlite:///otel-bridge.db"

_MIB = 1024 * 1024
_SQLITE = "sqlite:///"
_SWITCH = {"1": True, "true": True, "yes": True, "on": True}
_SWITCH |= {"0": False, "false": False, "no": False, "off": False}
_LOG_LEVELS = ("info", "debug", "warning", "error")


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator decides. Sizes are bytes; times carry their unit in the name."""

    database_url: str = DEFAULT_DATABASE_URL
    secret_key: str = field(default="", repr=False)
    cron_secret: str | None = field(default=None, repr=False)
    slack_webhook_url: str | None = field(default=None, repr=False)
    retention_days: int = 90
    rollup_retention_days: int = 730
    sqlite_synchronous: str = "full"
    statement_timeout_ms: int = 30_000
    prepared_statements: bool = True
    run_stuck_minutes: int = 15
    run_timeout_minutes: int = 24 * 60
    scheduler: bool = True
    max_body_bytes: int = 16 * _MIB
    max_decompressed_bytes: int = 64 * _MIB
    max_agents_per_owner: int = 1000
    capture_content: bool = False
    trusted_proxies: int = 0
    log_level: str = "info"

    @property
    def is_embedded(self) -> bool:
        """Whether the database is a SQLite file, which `serve` keeps migrated by itself."""
        return self.database_url.startswith("sqlite")

    @property
    def database_file(self) -> Path:
        """Return the path of the embedded database."""
        return Path(self.database_url.removeprefix(_SQLITE).partition("?")[0])


def read_settings(env: Mapping[str, str] = os.environ, *, with_secret: bool = False) -> Settings:
    """Return the settings in `env`; raise ConfigurationError with one clear line.

    `with_secret` also finds the key that signs sessions, which only the server needs: it is
    generated and kept beside an embedded database, and must be given with PostgreSQL.
    """
    url = _database_url(env)
    retention_days = _number(env, "OBS_RETENTION_DAYS", 90, at_most=36_500)
    return Settings(
        database_url=url,
        secret_key=_secret_key(env, url) if with_secret else "",
        cron_secret=_text(env, "CRON_SECRET"),
        slack_webhook_url=_text(env, "SLACK_WEBHOOK_URL"),
        retention_days=retention_days,
        rollup_retention_days=_rollup_retention_days(env, retention_days),
        sqlite_synchronous=_one_of(env, "OBS_SQLITE_SYNCHRONOUS", ("full", "normal")),
        statement_timeout_ms=_number(env, "OBS_STATEMENT_TIMEOUT_MS", 30_000, at_most=3_600_000),
        prepared_statements=_switch(env, "OBS_PREPARED_STATEMENTS", default=True),
        run_stuck_minutes=_number(env, "OBS_RUN_STUCK_MINUTES", 15, at_least=1),
        run_timeout_minutes=_number(env, "OBS_RUN_TIMEOUT_MINUTES", 24 * 60, at_least=1),
        scheduler=_switch(env, "OBS_SCHEDULER", default=True),
        max_body_bytes=_number(env, "OBS_MAX_BODY_MIB", 16, at_least=1) * _MIB,
        max_decompressed_bytes=_number(env, "OBS_MAX_DECOMPRESSED_MIB", 64, at_least=1) * _MIB,
        max_agents_per_owner=_number(env, "OBS_MAX_AGENTS", 1000, at_least=1),
        capture_content=_switch(env, "OBS_CAPTURE_CONTENT", default=False),
        trusted_proxies=_number(env, "OBS_TRUSTED_PROXIES", 0, at_most=10),
        log_level=_one_of(env, "OBS_LOG", _LOG_LEVELS),
    )


def _text(env: Mapping[str, str], name: str) -> str | None:
    return env.get(name, "").strip() or None


def _number(
    env: Mapping[str, str], name: str, default: int, *, at_least: int = 0, at_most: int = 1_000_000
) -> int:
    text = _text(env, name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and at_least <= int(text[:12]) <= at_most):
        raise ConfigurationError(
            f"{name} must be a whole number from {at_least} to {at_most}, not {text!r}"
        )
    return int(text)


def _rollup_retention_days(env: Mapping[str, str], retention_days: int) -> int:
    """Return for how long sums are kept: by default for two years, or for ever with the events."""
    name = "OBS_ROLLUP_RETENTION_DAYS"
    default = max(730, retention_days) if retention_days else 0
    days = _number(env, name, default, at_most=36_500)
    if days and (not retention_days or days < retention_days):
        kept = f"{retention_days} days" if retention_days else "for ever"
        raise ConfigurationError(
            f"{name} is {days}, but events are kept {kept} (OBS_RETENTION_DAYS): sums must be kept"
            " at least as long as their events; 0 keeps them for ever"
        )
    return days


def _switch(env: Mapping[str, str], name: str, *, default: bool) -> bool:
    text = _text(env, name)
    if text is None:
        return default
    if text.lower() not in _SWITCH:
        raise ConfigurationError(f"{name} must be on or off, not {text!r}")
    return _SWITCH[text.lower()]


def _one_of(env: Mapping[str, str], name: str, words: Sequence[str]) -> str:
    """Return which of the words is set; the first one by default."""
    word = (_text(env, name) or words[0]).lower()
    if word not in words:
        raise ConfigurationError(f"{name} must be one of {', '.join(words)}, not {word!r}")
    return word


def _database_url(env: Mapping[str, str]) -> str:
    """Return the URL; a SQLite path is made absolute, so that every process means one file."""
    url = _text(env, "DATABASE_URL") or DEFAULT_DATABASE_URL
    if url.startswith(("postgresql://", "postgresql+psycopg://", "postgres://")):
        return url
    path, mark, query = url.removeprefix(_SQLITE).partition("?")
    if not url.startswith(_SQLITE) or not path or path == ":memory:":
        shown = url.partition(":")[0]  # never the rest: it may hold a password
        raise ConfigurationError(
            f"DATABASE_URL must be sqlite:///FILE or postgresql://…, not {shown!r}:…"
        )
    return f"{_SQLITE}{Path(path).absolute()}{mark}{query}"


def _secret_key(env: Mapping[str, str], database_url: str) -> str:
    given = _text(env, "SECRET_KEY")
    if given is not None:
        return given
    if not database_url.startswith(_SQLITE):
        raise ConfigurationError(
            "SECRET_KEY is required with PostgreSQL: every replica must sign sessions with the "
            "same key; make one with: python -c 'import secrets; print(secrets.token_hex(32))'"
        )
    database = Settings(database_url=database_url).database_file
    return _kept_secret(database.with_name(f"{database.name}.secret"))


def _kept_secret(file: Path) -> str:
    """Return the secret in `file`; the first caller makes it, also when several start at once."""
    try:
        if not file.exists():
            _write_once(file, secrets.token_hex(32))
        secret = file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise ConfigurationError(
            f"cannot keep the session secret in {file}: {reason}; set SECRET_KEY, or run in a "
            "folder that can be written"
        ) from error
    if len(secret) < 32:
        raise ConfigurationError(f"{file} is damaged: delete it, and a new secret is made")
    return secret


def _write_once(file: Path, secret: str) -> None:
    """Write a private file in one step: a reader never sees half of it."""
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as stream:
        stream.write(secret + "\n")
    try:
        os.link(draft, file)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
