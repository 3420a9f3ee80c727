"""`otel-bridge db check`: whether the database is sound, and its sums true."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

import click
from sqlalchemy import Engine

from backend import db as schema
from backend.commands.database import clear_errors
from backend.settings import Settings, read_settings
from backend.sqlite_file import problems_of
from backend.store.audit import audit
from backend.store.windows import DAY_US

#: Beside 1 and 2, which every command answers where it cannot do its work.
_SOMETHING_IS_WRONG = 3


@click.command()
@click.option(
    "--days",
    type=click.IntRange(1),
    show_envvar=True,
    help="Compare the sums of the last days only; all by default.",
)
def check(days: int | None) -> None:
    """Check the file (SQLite), and compare every sum with the raw events. Nothing is changed.

    It goes beside a running server. Exit code 0: all is well; 3: something is wrong, and told; 1:
    it could not be checked.
    """
    settings = read_settings()
    _refuse_if_behind(settings)
    # A day of millions of events takes longer to read than a request may.
    engine = schema.engine_for(settings.database_url)
    try:
        with clear_errors():
            problems = [*_file_problems(settings), *_wrong_sums(engine, days)]
    finally:
        engine.dispose()
    for problem in problems:
        click.echo(problem)
    sys.exit(_SOMETHING_IS_WRONG if problems else 0)


def _refuse_if_behind(settings: Settings) -> None:
    with clear_errors():
        if schema.pending(settings.database_url):
            raise click.ClickException("migrations are missing: run `otel-bridge db upgrade` first")


def _file_problems(settings: Settings) -> list[str]:
    if not settings.is_embedded:
        return []
    problems = problems_of(settings.database_file)
    click.echo(f"file: {len(problems) or 'no'} problems", err=True)
    return problems


def _wrong_sums(engine: Engine, days: int | None) -> Iterator[str]:
    since_us = 0 if days is None else time.time_ns() // 1000 // DAY_US * DAY_US - days * DAY_US
    count = wrong = 0
    for found in audit(engine, since_us=since_us):
        count += found.sums
        wrong += found.wrong
        if found.wrong:
            where = f"owner {found.owner_id}, {found.day}"
            yield f"{where}: {found.wrong} sums are not what the events say"
    click.echo(f"sums: {count:,} compared, {wrong or 'none'} wrong", err=True)
