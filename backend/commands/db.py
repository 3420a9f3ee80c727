"""`otel-bridge db`: the schema."""

from __future__ import annotations

import click

from backend import db as schema
from backend.commands.database import clear_errors
from backend.settings import read_settings


@click.group()
def db() -> None:
    """Bring the database's schema up to date, or back."""


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
