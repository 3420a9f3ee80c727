"""`otel-bridge seed`: what a new installation starts with."""

from __future__ import annotations

import click
from sqlalchemy import Engine

from backend.agents.service import NameTakenError, create_agent
from backend.auth.keys import create_key, keys_of
from backend.commands.accounts import existing_user
from backend.commands.database import ready_engine
from backend.pricing.seeding import write_shared_list
from backend.settings import read_settings

_KEY_NAME = "demo"
_AGENTS = (
    ("research-agent", "Searches, reads and summarizes"),
    ("support-agent", "Answers customers"),
    ("coding-agent", "Writes and reviews code"),
)


@click.command()
@click.option("--user", show_envvar=True, help="Also make three demo agents and a key.")
def seed(user: str | None) -> None:
    """Write the price list; with --user, demo agents and a key. Safe to repeat."""
    settings = read_settings()
    with ready_engine(settings) as engine:
        click.echo(f"price list: {write_shared_list(engine)} rows", err=True)
        if user is not None:
            owner_id = existing_user(engine, user).id
            _make_agents(engine, owner_id, settings.max_agents_per_owner)
            _make_key(engine, owner_id)


def _make_agents(engine: Engine, owner_id: int, limit: int) -> None:
    for name, description in _AGENTS:
        try:
            create_agent(engine, owner_id, name=name, description=description, max_agents=limit)
        except NameTakenError:
            click.echo(f"agent {name} is there already", err=True)
        else:
            click.echo(f"agent {name} made", err=True)


def _make_key(engine: Engine, owner_id: int) -> None:
    if any(row.name == _KEY_NAME and row.is_active for row in keys_of(engine, owner_id)):
        click.echo(f"a key named {_KEY_NAME} is there already", err=True)
        return
    secret, _ = create_key(engine, owner_id, name=_KEY_NAME, scopes=("ingest", "read"))
    click.echo("API key, shown this once:", err=True)
    click.echo(secret)
