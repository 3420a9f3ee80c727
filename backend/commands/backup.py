"""`otel-bridge backup`: a copy of the embedded database while it is in use."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from backend.commands.database import clear_errors
from backend.settings import read_settings
from backend.sqlite_file import back_up


@click.command()
@click.argument(
    "file", metavar="FILE", type=click.Path(dir_okay=False, writable=True, path_type=Path)
)
@click.option("--force", is_flag=True, show_envvar=True, help="Replace FILE.")
def backup(file: Path, *, force: bool) -> None:
    """Copy the SQLite database to FILE, as it is at this moment, beside a running server.

    The copy is checked before it takes its name. To restore it: stop the server, put the copy in
    the place of the database, and remove the database's `-wal` and `-shm` files.
    """
    settings = read_settings()
    if not settings.is_embedded:
        raise click.ClickException(
            "PostgreSQL has a backup of its own, consistent and online:"
            f' pg_dump --format=custom --file={file} "$DATABASE_URL"'
        )
    if not settings.database_file.exists():
        raise click.ClickException(f"there is no database {settings.database_file}")
    if file.exists() and not force:
        raise click.ClickException(f"{file} exists: choose another name, or --force")
    if file.exists() and file.samefile(settings.database_file):
        raise click.ClickException(f"{file} is the database itself")
    problems = _copy(settings.database_file, file)
    if problems:
        raise click.ClickException(f"the copy is not sound, and was removed: {problems[0]}")
    click.echo(f"{file}: {file.stat().st_size:,} bytes, checked")


def _copy(source: Path, target: Path) -> list[str]:
    done = 0
    with clear_errors(), click.progressbar(length=1, label="copying", file=sys.stderr) as bar:

        def show(left: int, whole: int) -> None:
            nonlocal done
            bar.length = whole
            bar.update(whole - left - done)
            done = whole - left

        return back_up(source, target, progress=show)
