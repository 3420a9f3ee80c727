"""Settings come from the environment, or say in one line what is wrong."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from backend.settings import Settings, read_settings
from otel_bridge.errors import ConfigurationError


def test_without_variables_the_database_is_a_file_in_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    settings = read_settings({})
    assert settings.database_url == f"sqlite:///{tmp_path / 'otel-bridge.db'}"
    assert settings.is_embedded
    assert (settings.retention_days, settings.scheduler) == (90, True)


def test_variables_are_read():
    settings = read_settings(
        {
            "DATABASE_URL": "postgresql://u:p@h/d",
            "SECRET_KEY": "k",
            "CRON_SECRET": "c",
            "OBS_RETENTION_DAYS": "0",
            "OBS_SCHEDULER": "off",
            "OBS_MAX_BODY_MIB": "2",
            "OBS_CAPTURE_CONTENT": "true",
            "OBS_LOG": "DEBUG",
        },
        with_secret=True,
    )
    assert settings == Settings(
        database_url="postgresql://u:p@h/d",
        secret_key="k",
        cron_secret="c",
        retention_days=0,
        rollup_retention_days=0,
        scheduler=False,
        max_body_bytes=2 * 1024 * 1024,
        capture_content=True,
        log_level="debug",
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://u:secret@h/d"),
        ("DATABASE_URL", "sqlite://"),
        ("DATABASE_URL", "sqlite:///:memory:"),
        ("OBS_RETENTION_DAYS", "-1"),
        ("OBS_RETENTION_DAYS", "ninety"),
        ("OBS_RETENTION_DAYS", "9" * 5000),
        ("OBS_ROLLUP_RETENTION_DAYS", "89"),
        ("OBS_SQLITE_SYNCHRONOUS", "off"),
        ("OBS_STATEMENT_TIMEOUT_MS", "soon"),
        ("OBS_SCHEDULER", "maybe"),
        ("OBS_MAX_AGENTS", "0"),
        ("OBS_LOG", "loud"),
    ],
)
def test_a_bad_value_is_one_line_that_names_the_variable(name: str, value: str):
    with pytest.raises(ConfigurationError) as told:
        read_settings({name: value})
    assert str(told.value).startswith(name)
    assert "\n" not in str(told.value)
    assert "secret" not in str(told.value)


@pytest.mark.parametrize(
    ("env", "days"),
    [
        ({}, 730),
        ({"OBS_RETENTION_DAYS": "1000"}, 1000),
        ({"OBS_RETENTION_DAYS": "0"}, 0),
        ({"OBS_ROLLUP_RETENTION_DAYS": "0"}, 0),
        ({"OBS_ROLLUP_RETENTION_DAYS": "90"}, 90),
    ],
)
def test_sums_are_kept_for_two_years_and_as_long_as_their_events(env: dict[str, str], days: int):
    assert read_settings(env).rollup_retention_days == days


def test_postgresql_needs_a_given_secret_only_where_sessions_are_signed():
    env = {"DATABASE_URL": "postgresql://h/d"}
    assert read_settings(env).secret_key == ""
    with pytest.raises(ConfigurationError, match="SECRET_KEY is required"):
        read_settings(env, with_secret=True)


def test_the_secret_beside_an_embedded_database_is_made_once_and_private(tmp_path: Path):
    env = {"DATABASE_URL": f"sqlite:///{tmp_path}/obs.db"}
    first = read_settings(env, with_secret=True).secret_key
    kept = tmp_path / "obs.db.secret"
    assert len(first) == 64
    assert read_settings(env, with_secret=True).secret_key == first
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["obs.db.secret"]


def test_a_folder_that_is_none_is_told_in_one_line(tmp_path: Path):
    (tmp_path / "file").touch()
    env = {"DATABASE_URL": f"sqlite:///{tmp_path}/file/obs.db"}
    with pytest.raises(ConfigurationError, match="cannot keep the session secret"):
        read_settings(env, with_secret=True)


def test_secrets_are_not_shown():
    assert "hidden" not in repr(Settings(secret_key="hidden", cron_secret="hidden"))
