"""`otel-bridge recalculate`: what history costs by the prices of now."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, tzinfo

import click

from backend.commands.accounts import chosen_user, user_option
from backend.commands.database import ready_engine
from backend.commands.days import from_option, span_us, to_option
from backend.commands.ids import ID
from backend.commands.tables import Cell, table, usd
from backend.pricing.books import PriceBooks
from backend.settings import read_settings
from backend.store import (
    Difference,
    EventStore,
    Recalculated,
    RecalculationNotFoundError,
    RecalculationRefusedError,
    StoredRecalculation,
    Summary,
    day_at,
)
from backend.store.zones import zone_named
from otel_bridge.event import rfc3339
from otel_bridge.pricing import PriceBook

_DIFFERENCE = (
    *("calls", "newly priced", "no longer"),
    *("before USD", "after USD", "change USD"),
)


@click.command()
@user_option
@from_option("OTEL_BRIDGE_RECALCULATE", "First day, in the owner's zone.")
@to_option("OTEL_BRIDGE_RECALCULATE")
@click.option("--apply", is_flag=True, show_envvar=True, help="Write the difference.")
@click.option("--undo", type=ID, show_envvar=True, help="Take back the one with this id.")
@click.option("--resume", type=ID, show_envvar=True, help="Go on with an interrupted one.")
@click.option(
    *("--list", "is_list"),
    is_flag=True,
    envvar="OTEL_BRIDGE_RECALCULATE_LIST",
    show_envvar=True,
    help="List them.",
)
def recalculate(
    user: str | None,
    first: date | None,
    last: date | None,
    *,
    apply: bool,
    undo: int | None,
    resume: int | None,
    is_list: bool,
) -> None:
    """Show what the calls of some days would cost by the prices of now, and the difference.

    Nothing is written without --apply, --resume or --undo. All is safe beside a running server.
    """
    has_days = first is not None and last is not None
    if [has_days, undo is not None, resume is not None, is_list].count(True) != 1:
        raise click.UsageError("give --from with --to, or one of --undo, --resume and --list")
    if (apply and not has_days) or (not has_days and (first or last)):
        raise click.UsageError("--from, --to and --apply belong together")
    with ready_engine(read_settings()) as engine, _refusals_told():
        owner = chosen_user(engine, user)
        book = PriceBooks(engine).of(owner.id)
        history = _History(EventStore(engine), owner.id, zone_named(owner.timezone), book)
        if is_list:
            history.tell_all()
        elif undo is not None:
            history.undo(undo)
        elif resume is not None:
            history.resume(resume)
        else:
            history.recalculate(first, last, is_real=apply)


@contextmanager
def _refusals_told() -> Iterator[None]:
    try:
        yield
    except (RecalculationNotFoundError, RecalculationRefusedError) as error:
        raise click.ClickException(str(error)) from error


class _History:
    """An owner's calls, and the book that prices them anew."""

    def __init__(self, store: EventStore, owner_id: int, zone: tzinfo, book: PriceBook) -> None:
        self._store = store
        self._owner_id = owner_id
        self._zone = zone
        self._book = book

    def recalculate(self, first: date | None, last: date | None, *, is_real: bool) -> None:
        """Print the difference, and write it where that is asked for."""
        start_us, end_us = span_us(first, last, zone=self._zone)
        if is_real:
            self._tell_done(
                self._store.apply_recalculation(
                    self._owner_id, start_us=start_us, end_us=end_us, book=self._book
                )
            )
            return
        summary = self._store.preview_recalculation(
            self._owner_id, start_us=start_us, end_us=end_us, book=self._book
        )
        click.echo(_table_of(summary))
        if summary.lines:
            click.echo("nothing is written yet: --apply writes it", err=True)

    def resume(self, recalculation_id: int) -> None:
        """Do the rest of an interrupted recalculation, and print its whole difference."""
        self._tell_done(
            self._store.resume_recalculation(self._owner_id, recalculation_id, book=self._book)
        )

    def undo(self, recalculation_id: int) -> None:
        """Take a recalculation back, and print how much of it could be."""
        done = self._store.undo_recalculation(self._owner_id, recalculation_id)
        click.echo(f"recalculation {done.id} is undone; events restored: {done.restored}")
        if done.skipped:
            click.echo(f"left alone, as they have changed since or are gone: {done.skipped}")

    def tell_all(self) -> None:
        """Print the owner's recalculations, newest first."""
        header = ("id", "from", "to", "status", *_DIFFERENCE, "restored", "skipped", "created")
        rows = [self._row_of(one) for one in self._store.recalculations(self._owner_id)]
        click.echo(table(header, rows))

    def _row_of(self, one: StoredRecalculation) -> tuple[Cell, ...]:
        return (
            one.id,
            day_at(one.start_us, self._zone).isoformat(),
            day_at(one.end_us - 1, self._zone).isoformat(),
            "interrupted" if one.is_interrupted else one.status,
            *_cells(one.difference),
            one.restored,
            one.skipped,
            rfc3339(one.created_us),
        )

    def _tell_done(self, done: Recalculated) -> None:
        click.echo(_table_of(done.summary))
        click.echo(f"recalculation {done.id} is done; --undo {done.id} takes it back")


def _table_of(summary: Summary) -> str:
    if not summary.lines:
        return "no call costs anything else by the prices of now"
    lines: list[tuple[Cell, ...]] = [
        (line.day.isoformat(), line.provider, line.model, *_cells(line.difference))
        for line in summary.lines
    ]
    total: tuple[Cell, ...] = ("total", "", "", *_cells(summary.total))
    return table(("day", "provider", "model", *_DIFFERENCE), [*lines, total])


def _cells(difference: Difference) -> tuple[Cell, ...]:
    return (
        difference.calls,
        difference.newly_priced,
        difference.no_longer_priced,
        usd(difference.cost_before_nusd),
        usd(difference.cost_after_nusd),
        usd(difference.cost_nusd),
    )
