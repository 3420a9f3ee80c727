"""Days as options, and the time that they span."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, tzinfo
from typing import Any, TypeVar

import click

from backend.store import day_window

_Command = TypeVar("_Command", bound=Callable[..., Any])
#: As in the API: of the last year that there is, no day can be followed by another.
_DAY = re.compile(r"(?!9999)(?:19[7-9]\d|[2-9]\d\d\d)-\d\d-\d\d", re.ASCII)
#: No event is so late, and every sum of such times fits 64 bits.
_NEVER_US = 2**62


class _Day(click.ParamType[date]):
    """A day, written 2026-01-31."""

    name = "day"

    def convert(
        self,
        value: str | date,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> date:
        """Return the day."""
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(value if _DAY.fullmatch(value) else "")
        except ValueError:
            self.fail(f"{value!r} is not a day such as 2026-01-31", param, ctx)


DAY = _Day()


def from_option(command: str, does: str) -> Callable[[_Command], _Command]:
    """Return the option `--from` of a command: a word that Python keeps for itself."""
    return click.option(
        "--from", "first", type=DAY, envvar=f"{command}_FROM", show_envvar=True, help=does
    )


def to_option(command: str) -> Callable[[_Command], _Command]:
    """Return the option `--to` of a command."""
    return click.option(
        *("--to", "last"),
        type=DAY,
        envvar=f"{command}_TO",
        show_envvar=True,
        help="Last day, included.",
    )


def span_us(first: date | None, last: date | None, *, zone: tzinfo) -> tuple[int, int]:
    """Return the start of `first` and the end of `last` in the zone; None is open.

    In Unix microseconds. Stops where the last day is before the first.
    """
    if first is not None and last is not None and last < first:
        raise click.UsageError("--to must not be before --from")
    start_us = None if first is None else day_window(first, zone).start_us
    end_us = None if last is None else day_window(last, zone).end_us
    return (start_us or 0, _NEVER_US if end_us is None else end_us)
