"""The demo's folder and its backend: a real `otel-bridge serve` in a process of its own."""

from __future__ import annotations

import http.client
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from backend import db
from backend.auth.keys import create_key
from backend.auth.passwords import Passwords
from backend.auth.users import create_user
from otel_bridge.errors import ConfigurationError

HOST = "127.0.0.1"
OWNER_EMAIL = "demo@example.com"

_READY_WITHIN_S = 30.0
_STOPPED_WITHIN_S = 10.0
#: Settings of the user's own backend, which the demo's must not take over.
_FOREIGN_SETTINGS = ("SECRET_KEY", "CRON_SECRET", "SLACK_WEBHOOK_URL")


@dataclass(frozen=True, slots=True)
class Home:
    """Where the demo lives: `port` is also what keeps two demos in one folder apart."""

    folder: Path
    port: int

    @property
    def base_url(self) -> str:
        """The address of the backend."""
        return f"http://{HOST}:{self.port}"

    @property
    def database_file(self) -> Path:
        """The embedded database."""
        return self.folder / f"demo-{self.port}.db"

    @property
    def database_url(self) -> str:
        """The database as `DATABASE_URL` says it."""
        return f"sqlite:///{self.database_file}"

    @property
    def log_file(self) -> Path:
        """What the backend writes."""
        return self.folder / f"demo-{self.port}.log"


@dataclass(frozen=True, slots=True)
class Owner:
    """The demo's account: a login for a person, a key for the agents, a key for reading."""

    email: str
    password: str
    ingest_key: str
    read_key: str


def prepare_home(folder: Path, port: int) -> Home:
    """Return an empty home; raises ConfigurationError where port or folder cannot be used."""
    _require_free(port)
    home = Home(folder.absolute(), port)
    try:
        home.folder.mkdir(parents=True, exist_ok=True)
        for suffix in ("", "-wal", "-shm"):
            Path(f"{home.database_file}{suffix}").unlink(missing_ok=True)
        home.log_file.write_bytes(b"")
    except OSError as error:
        raise ConfigurationError(
            f"cannot write to the demo's folder {home.folder} ({error.strerror}); "
            "name another one in OBS_DEMO_DIR"
        ) from error
    return home


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise ConfigurationError(
                f"port {port} is not free ({error.strerror}); take another one with --port"
            ) from error


@contextmanager
def running_backend(home: Home) -> Iterator[None]:
    """Serve `home` while the block runs; raises ConfigurationError where it does not start.

    The backend has a session of its own, so that Ctrl-C in the terminal reaches the demo alone,
    which sends its last spans and then stops the backend.
    """
    with home.log_file.open("ab") as log:
        process = subprocess.Popen(  # noqa: S603 - our own command
            _command("serve", "--host", HOST, "--port", str(home.port)),
            env=_environment(home),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        _wait_until_ready(home, process)
        yield
    finally:
        _stop(process)


def create_owner(home: Home) -> Owner:
    """Create the demo's account and its two keys, as the commands `user` and `key` do."""
    password = secrets.token_urlsafe(9)
    engine = db.engine_for(home.database_url)
    try:
        user = create_user(engine, email=OWNER_EMAIL, password_hash=Passwords().hash(password))
        if user is None:
            raise ConfigurationError(f"there is an account {OWNER_EMAIL} already")
        ingest_key, _ = create_key(engine, user.id, name="demo agents", scopes=["ingest"])
        read_key, _ = create_key(engine, user.id, name="demo reader", scopes=["read"])
    finally:
        engine.dispose()
    return Owner(OWNER_EMAIL, password, ingest_key, read_key)


def _command(*arguments: str) -> list[str]:
    # -P: a folder named `backend` in the user's working directory must not be taken for ours.
    return [sys.executable, "-P", "-m", "backend.cli", *arguments]


def _environment(home: Home) -> Mapping[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("OBS_") and name not in _FOREIGN_SETTINGS
    }
    return kept | {"DATABASE_URL": home.database_url}


def _wait_until_ready(home: Home, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _READY_WITHIN_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            reason = _last(home.log_file.read_text(errors="replace"))
            raise ConfigurationError(f"the backend did not start: {reason} (log: {home.log_file})")
        if _answers(home.port):
            return
        time.sleep(0.05)
    raise ConfigurationError(
        f"the backend was not ready after {_READY_WITHIN_S:.0f} s (log: {home.log_file})"
    )


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=2)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the backend and its workers: asked first, then by force."""
    process.terminate()
    try:
        process.wait(_STOPPED_WITHIN_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _last(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1].strip() if lines else "no reason given"
