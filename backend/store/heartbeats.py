"""When agents were last heard, day by day."""

from __future__ import annotations

from datetime import date, tzinfo

from sqlalchemy import Connection, func

from backend.store.parts import Question
from backend.store.sums import Where
from backend.store.windows import Window


def last_heartbeats(
    connection: Connection, owner_id: int, *, window: Window, zone: tzinfo
) -> dict[tuple[date, int | None], int]:
    """Return the time of the newest `heartbeat` event by local day and agent; None: no agent."""
    question = Question.about(
        connection,
        owner_id,
        window=window,
        group_by=("day", "agent_id"),
        where=Where(event_type="heartbeat"),
        zone=zone,
    )
    newest: dict[tuple[date, int | None], int] = {}
    for part in question.parts():
        newest_of = part.select(*part.keys, func.max(part.table.c.newest_us))
        found = connection.execute(newest_of.group_by(*part.positions))
        for *told, time_us in found:
            key = tuple(question.cut.shown(question.cut.values(told, part.step)).values())
            newest[key] = max(time_us, newest.get(key, 0))
    return newest
