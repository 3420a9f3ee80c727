"""Query parameters, read strictly: a value that cannot be read is a 400 that says what can."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Literal

import msgspec

from backend.errors import ApiError
from backend.store import Cursor, Window, day_window
from backend.uuids import uuid_of
from otel_bridge.event import micros

_CODE = re.compile(r"[a-z][a-z0-9_]{0,31}")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_FIRST_YEAR, _LAST_YEAR = 1970, 9998
_MAX_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list: after `cursor` where there is one, else after `offset` items."""

    limit: int
    offset: int
    cursor: Cursor | None


@dataclass(frozen=True, slots=True)
class Query:
    """The parameters of one request; days are those of `zone`."""

    args: Mapping[str, str]
    zone: tzinfo

    def integer(self, name: str, *, at_least: int = 0, at_most: int = _MAX_ID) -> int | None:
        """Return a whole number in plain digits; None where it is not given."""
        text = self.args.get(name)
        if text is None:
            return None
        is_number = text.isascii() and text.isdigit() and len(text) <= 19
        if not (is_number and at_least <= int(text) <= at_most):
            upper = f" to {at_most}" if at_most != _MAX_ID else " or more"
            raise ApiError(400, f"{name} must be a whole number, {at_least}{upper}")
        return int(text)

    def choice(self, name: str, known: Sequence[str]) -> str | None:
        """Return one of `known`; None where it is not given."""
        text = self.args.get(name)
        if text is not None and text not in known:
            raise ApiError(400, f"{name} must be one of: {', '.join(known)}")
        return text

    def text(self, name: str) -> str | None:
        """Return a text of at most 255 characters; None where it is not given."""
        text = self.args.get(name)
        if text is not None and (not 1 <= len(text) <= 255 or "\0" in text):
            raise ApiError(400, f"{name} must have 1 to 255 characters")
        return text

    def code(self, name: str) -> str | None:
        """Return a code in small letters, such as `missing_usage`; None where it is not given."""
        text = self.args.get(name)
        if text is not None and _CODE.fullmatch(text) is None:
            raise ApiError(400, f"{name} must be a code such as missing_usage")
        return text

    def run_id(self) -> str | None:
        """Return the run's UUID in its usual form; None where it is not given."""
        text = self.args.get("run_id")
        if text is None:
            return None
        known = uuid_of(text)
        if known is None:
            raise ApiError(400, "run_id must be a UUID")
        return known

    def page(self, kind: Literal["event", "run"]) -> Page:
        """Return `limit`, `offset` and `cursor`."""
        limit = self.integer("limit", at_least=1, at_most=200)
        offset = self.integer("offset") or 0
        text = self.args.get("cursor")
        try:
            cursor = None if text is None else Cursor.decode(text, kind=kind)
        except ValueError as error:
            raise ApiError(400, "cursor must be a next_cursor of this list") from error
        return Page(50 if limit is None else limit, offset, cursor)

    def days(self, *, today: date, default_days: int) -> tuple[date, date]:
        """Return the first and the last day of `from` and `to`, both included."""
        last = self._day("to") or today
        first = self._day("from") or min(last, today) - timedelta(days=default_days - 1)
        if first > last:
            raise ApiError(400, f"from ({first}) must not be after to ({last})")
        return first, last

    def window(self) -> Window:
        """Return the window of `from` and `to`: RFC 3339 times (half-open) or days (included)."""
        start, end = self._moment("from"), self._moment("to")
        window = Window(None if start is None else start[0], None if end is None else end[1])
        if window.is_empty and start != end:
            raise ApiError(400, "from must be before to")
        return window

    def _moment(self, name: str) -> tuple[int, int] | None:
        """Return a time twice, or when a day begins and ends, in Unix microseconds."""
        text = self.args.get(name)
        if text is None:
            return None
        if _DAY.fullmatch(text):
            window = day_window(self._day(name) or date.max, self.zone)
            return window.start_us or 0, window.end_us or 0
        time_us = _time_us(text)
        if time_us is None:
            raise ApiError(
                400, f"{name} must be a day (2026-01-31) or a time (2026-01-31T12:00:00Z)"
            )
        return time_us, time_us

    def _day(self, name: str) -> date | None:
        text = self.args.get(name)
        if text is None:
            return None
        try:
            day = date.fromisoformat(text) if _DAY.fullmatch(text) else None
        except ValueError:
            day = None
        if day is None or not _FIRST_YEAR <= day.year <= _LAST_YEAR:
            raise ApiError(400, f"{name} must be a date such as 2026-01-31")
        return day


def _time_us(text: str) -> int | None:
    """Return Unix microseconds of an RFC 3339 time; its `+` may have become a space in the URL."""
    try:
        moment = msgspec.convert(re.sub(r" (?=\d\d:\d\d$)", "+", text), datetime)
    except msgspec.ValidationError:
        return None
    in_range = _FIRST_YEAR <= moment.year <= _LAST_YEAR
    return micros(moment) if moment.tzinfo is not None and in_range else None
