"""`otel-bridge serve`: the server process and its workers."""

from __future__ import annotations

import multiprocessing
import os
import socket
import sys
import tempfile

import click

from backend.commands.worker_process import load_app, stop_workers_while_they_load
from backend.settings import Settings, read_settings

#: Requests that one worker works on at a time. More contend for Python's lock, and ingest slows
#: down; fewer let some slow readers and uploads keep everyone waiting.
_THREADS = 6
_STOP_AFTER_S = 10


@click.command()
@click.option("--host", default="127.0.0.1", show_envvar=True, help="Address to listen on.")
@click.option(
    "--port", default=5000, type=click.IntRange(0, 65535), show_envvar=True, help="0: any free one."
)
@click.option(
    "--workers",
    default=lambda: min(2, os.cpu_count() or 1),
    show_default="2, or 1 on a single CPU",
    type=click.IntRange(1, 64),
    show_envvar=True,
    help="Processes: one prepares a batch of events while another one stores.",
)
@click.option("--no-scheduler", is_flag=True, show_envvar=True, help="Leave the jobs to cron.")
def serve(host: str, port: int, workers: int, *, no_scheduler: bool) -> None:
    """Run the API server until SIGINT or SIGTERM.

    An embedded SQLite database is migrated first; a PostgreSQL that is behind is refused.
    """
    settings = read_settings(with_secret=True)
    port = _free_port(host, port)
    _make_ready(settings)
    os.environ["DATABASE_URL"] = settings.database_url
    os.environ["SECRET_KEY"] = settings.secret_key
    if no_scheduler:
        os.environ["OBS_SCHEDULER"] = "off"
    _run(host, port, workers, settings)


def _free_port(host: str, port: int) -> int:
    """Return the port, or a free one for 0; stop with one line where it cannot be listened on."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            return int(probe.getsockname()[1])
    except OSError as error:
        raise click.ClickException(
            f"cannot listen on {host}:{port}: {error.strerror or error}; choose another --port"
        ) from error


def _make_ready(settings: Settings) -> None:
    """Check and migrate the database in a child, whose memory is free again when it ends."""
    if "fork" not in multiprocessing.get_all_start_methods():
        _prepare(settings)
        return
    child = multiprocessing.get_context("fork").Process(target=_prepare, args=(settings,))
    child.start()
    child.join()
    if child.exitcode:
        sys.exit(1)


def _prepare(settings: Settings) -> None:
    from backend.commands.database import make_ready  # noqa: PLC0415 - only the child needs it

    try:
        make_ready(settings)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)


def _run(host: str, port: int, workers: int, settings: Settings) -> None:
    from granian import Granian  # noqa: PLC0415 - after what can fail without it
    from granian.constants import Interfaces  # noqa: PLC0415
    from granian.log import LogLevels  # noqa: PLC0415

    with tempfile.NamedTemporaryFile(prefix="otel-bridge-scheduler-") as turn:
        os.environ["OTEL_BRIDGE_SCHEDULER_TURN"] = turn.name
        server = Granian(
            "backend.wsgi:make_app",
            address=host,
            port=port,
            interface=Interfaces.WSGI,
            factory=True,
            workers=workers,
            blocking_threads=_THREADS,
            websockets=False,
            respawn_failed_workers=True,
            workers_kill_timeout=_STOP_AFTER_S,
            log_level=LogLevels.debug if settings.log_level == "debug" else LogLevels.error,
        )
        shown = f"[{host}]" if ":" in host else host
        server.on_startup(
            lambda: click.echo(f"otel-bridge listens on http://{shown}:{port}", err=True)
        )
        stop_workers_while_they_load()
        server.serve(target_loader=load_app, wrap_loader=False)
