"""The time zone that an owner's days are cut in."""

from __future__ import annotations

from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import Connection, select

from backend.models import User


def zone_of(connection: Connection, owner_id: int) -> tzinfo:
    """Return the owner's time zone; UTC where there is no such owner."""
    return zone_named(connection.scalar(select(User.timezone).where(User.id == owner_id)) or "UTC")


def terms_of(connection: Connection, owner_id: int) -> tuple[tzinfo, int]:
    """Return the owner's time zone, and from when on the raw events are complete."""
    query = select(User.timezone, User.raw_since_us).where(User.id == owner_id)
    name, since_us = connection.execute(query).one_or_none() or ("UTC", None)
    return zone_named(name), since_us or 0


def zone_named(name: str) -> tzinfo:
    """Return the IANA time zone; UTC for a name that this machine does not know."""
    try:
        return known_zone(name)
    except ValueError:
        return UTC


def known_zone(name: str) -> tzinfo:
    """Return the IANA time zone. Raises `ValueError` for a name that this machine does not know."""
    try:
        return UTC if name == "UTC" else ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError) as error:
        raise ValueError(f"{name!r} is not a time zone") from error
