"""`otel-bridge user` and `otel-bridge key`."""

from __future__ import annotations

import sys

import click
from sqlalchemy import Engine

from backend.auth.keys import SCOPES, create_key
from backend.auth.passwords import ADVISED_PASSWORD_LENGTH, Passwords, password_problem
from backend.auth.users import create_user, email_problem, only_user, user_by_email
from backend.commands.database import ready_engine
from backend.models import User
from backend.settings import read_settings


@click.group("user")
def user_group() -> None:
    """Create people who sign in."""


@user_group.command("create")
@click.argument("email")
@click.option(
    "--password-stdin", is_flag=True, show_envvar=True, help="Read the password from the input."
)
def create(email: str, *, password_stdin: bool) -> None:
    """Create the user EMAIL, whose workspace is empty at first."""
    if problem := email_problem(email):
        raise click.ClickException(problem)
    password = _password(from_stdin=password_stdin)
    with ready_engine(read_settings()) as engine:
        row = create_user(engine, email=email, password_hash=Passwords().hash(password))
    if row is None:
        raise click.ClickException(f"there is a user {email} already")
    click.echo(f"created user {row.email}")


def _password(*, from_stdin: bool) -> str:
    if from_stdin:
        password = _without_newline(sys.stdin.buffer.read().decode("utf-8", "replace"))
    else:
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    if problem := password_problem(password):
        raise click.ClickException(problem)
    if len(password) < ADVISED_PASSWORD_LENGTH:
        click.echo(f"a password under {ADVISED_PASSWORD_LENGTH} characters is weak", err=True)
    return password


def _without_newline(text: str) -> str:
    """Return the text without the one newline that `echo` puts at its end."""
    return text.removesuffix("\n").removesuffix("\r") if text.endswith("\n") else text


@click.group("key")
def key_group() -> None:
    """Create API keys."""


@key_group.command("create")
@click.option("--user", required=True, show_envvar=True, help="Whose key: the e-mail.")
@click.option("--name", required=True, show_envvar=True, help="What the key is for.")
@click.option(
    "--scope",
    multiple=True,
    default=("ingest",),
    type=click.Choice(SCOPES),
    show_envvar=True,
    help="What the key may do; may be repeated.",
)
def create_api_key(user: str, name: str, scope: tuple[str, ...]) -> None:
    """Create an API key and print it, this once."""
    if not 1 <= len(name.strip()) <= 255:
        raise click.ClickException("--name must have 1 to 255 characters")
    with ready_engine(read_settings()) as engine:
        owner = existing_user(engine, user)
        secret, _ = create_key(engine, owner.id, name=name.strip(), scopes=scope)
    click.echo(secret)


def existing_user(engine: Engine, email: str) -> User:
    """Return the user, or stop with how to make one."""
    row = None if email_problem(email) else user_by_email(engine, email)
    if row is None:
        raise click.ClickException(
            f"there is no user {email}: make one with `otel-bridge user create {email}`"
        )
    return row


#: For the commands that `chosen_user` answers.
user_option = click.option(
    "--user", show_envvar=True, help="Whose: the e-mail. Not needed where there is one account."
)


def chosen_user(engine: Engine, email: str | None) -> User:
    """Return the user that was named, else the only one there is; or stop and say which to name."""
    if email is not None:
        return existing_user(engine, email)
    row = only_user(engine)
    if row is None:
        raise click.ClickException("there is not exactly one account: name it with --user EMAIL")
    return row
