"""When agents were last heard, day by day."""

from __future__ import annotations

from datetime import date, tzinfo

from sqlalchemy import Connection, func, select

from backend.models import EventRow
from backend.store.windows import DAY_US, Window, day_of_number, offsets_within


def last_heartbeats(
    connection: Connection, owner_id: int, *, window: Window, zone: tzinfo
) -> dict[tuple[date, int | None], int]:
    """Return the time of the newest `heartbeat` event by local day and agent; None: no agent."""
    newest: dict[tuple[date, int | None], int] = {}
    for part, offset_us in _parts(window, zone):
        day = (EventRow.created_us + offset_us) // DAY_US
        found = connection.execute(
            select(day.label("day"), EventRow.agent_id, func.max(EventRow.created_us))
            .where(
                EventRow.user_id == owner_id,
                EventRow.event_type == "heartbeat",
                *part.holds(EventRow.created_us),
            )
            .group_by("day", EventRow.agent_id)
        )
        for number, agent_id, time_us in found:
            key = (day_of_number(number), agent_id)
            newest[key] = max(time_us, newest.get(key, 0))
    return newest


def _parts(window: Window, zone: tzinfo) -> list[tuple[Window, int]]:
    """Return the parts of a bounded window in which local time does not jump, with its offset."""
    start_us, end_us = window.start_us or 0, window.end_us or 0
    offsets = offsets_within(start_us, end_us, zone)
    starts = [start_us, *(at_us for at_us, _ in offsets.changes)]
    ends = [*starts[1:], end_us]
    values = [offsets.first_us, *(offset_us for _, offset_us in offsets.changes)]
    return [
        (Window(start, end), offset_us)
        for start, end, offset_us in zip(starts, ends, values, strict=True)
    ]
