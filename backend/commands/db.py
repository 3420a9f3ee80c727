"""`otel-bridge db`: the schema."""

from __future__ import annotations

import click

from backend import db as schema
from backend.commands.check import check
from backend.commands.database import clear_errors, ready_engine
from backend.settings import read_settings
from backend.sqlite_file import vacuum
from backend.store import EventStore


@click.group()
def db() -> None:
    """Bring the database's schema up to date, or back; check the data; make the file smaller."""


@db.command()
@click.option("--revision", default="head", show_envvar=True, help="How far to go.")
def upgrade(revision: str) -> None:
    """Apply the migrations that the database lacks."""
    settings = read_settings()
    with clear_errors():
        schema.upgrade(settings.database_url, revision=revision)
        click.echo(f"the database has revision {schema.current(settings.database_url)}")


@db.command()
@click.option(
    "--revision", default="-1", show_envvar=True, help="How far back; `base` drops every table."
)
@click.confirmation_option(prompt="Data of newer tables and columns will be lost. Go on?")
def downgrade(revision: str) -> None:
    """Take migrations back: one of them, or down to a revision."""
    settings = read_settings()
    with clear_errors():
        schema.downgrade(settings.database_url, revision=revision)
        click.echo(f"the database has revision {schema.current(settings.database_url)}")


@db.command()
def current() -> None:
    """Say which revision the database has."""
    settings = read_settings()
    with clear_errors():
        revision = schema.current(settings.database_url) or "none"
        pending = schema.pending(settings.database_url)
    behind = f"{len(pending)} behind: run `otel-bridge db upgrade`" if pending else "up to date"
    click.echo(f"{revision} ({behind})")


@db.command("vacuum")
def vacuum_file() -> None:
    """Write the SQLite file anew without free pages; from then on retention can shrink it.

    Needs room for the file twice over. Nobody can write meanwhile: stop the server, or let clients
    send again. A file that this version made shrinks by itself.
    """
    settings = read_settings()
    if not settings.is_embedded:
        raise click.ClickException("PostgreSQL reuses and frees its pages by itself (autovacuum)")
    file = settings.database_file
    if not file.exists():
        raise click.ClickException(f"there is no database {file}")
    before = file.stat().st_size
    with clear_errors():
        vacuum(file)
    click.echo(f"{file}: {before:,} bytes before, {file.stat().st_size:,} now")


@db.command()
def rebuild() -> None:
    """Compute all sums anew from the raw events, as far as these are complete."""
    with ready_engine(read_settings()) as engine:
        owners = EventStore(engine).rebuild_all()
    click.echo(f"the sums of {owners} owners follow from their events again")


db.add_command(check)
