"""When agents were last seen, and which days have changed since they were aggregated."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import func, select, update

from backend.models import Agent, EventRow
from backend.store.rows import Placed
from backend.store.statements import chunks
from backend.store.transactions import Transaction
from backend.store.windows import QUARTER_US, day_at, number_of_day

_NEVER = -1


def note_sightings(tx: Transaction, changed: Sequence[Placed]) -> None:
    """Note the agents and days of events that are new or have another place."""
    if not changed:
        return
    _see_agents(tx, changed)
    _look_again(
        tx,
        {
            row.placement.agent_id
            for row, place in changed
            if row.placement is not None
            and row.placement.agent_id is not None
            and row.placement.agent_id != place.agent_id
        },
    )
    note_days(tx, (row.entry.created_us for row, _ in changed))


def note_days(tx: Transaction, times_us: Iterable[int]) -> None:
    """Note that the owner's days of these times, at least one, are to be aggregated anew."""
    quarters = {time_us // QUARTER_US * QUARTER_US for time_us in times_us}
    days = sorted({number_of_day(day_at(time_us, tx.zone)) for time_us in quarters})
    tx.connection.exec_driver_sql(tx.sql.insert_dirty_days, [(tx.owner_id, day) for day in days])


def _see_agents(tx: Transaction, changed: Iterable[Placed]) -> None:
    seen: dict[int, int] = {}
    heard: dict[int, int] = {}
    for row, place in changed:
        agent_id = place.agent_id
        if agent_id is None:
            continue
        created_us = row.entry.created_us
        seen[agent_id] = max(created_us, seen.get(agent_id, _NEVER))
        if place.event_type == "heartbeat":
            heard[agent_id] = max(created_us, heard.get(agent_id, _NEVER))
    if seen:
        tx.connection.exec_driver_sql(
            tx.sql.see_agents,
            [
                (seen[agent_id], heard.get(agent_id, _NEVER), tx.owner_id, agent_id)
                for agent_id in sorted(seen)
            ],
        )


def _look_again(tx: Transaction, agent_ids: set[int]) -> None:
    """Find the newest event and heartbeat of agents that lost an event to another one."""
    for some in chunks(sorted(agent_ids)):
        newest = (
            select(func.max(EventRow.created_us))
            .where(EventRow.user_id == tx.owner_id, EventRow.agent_id == Agent.id)
            .correlate(Agent)
        )
        tx.connection.execute(
            update(Agent)
            .where(Agent.user_id == tx.owner_id, Agent.id.in_(some))
            .values(
                last_seen_us=newest.scalar_subquery(),
                last_heartbeat_us=newest.where(
                    EventRow.event_type == "heartbeat"
                ).scalar_subquery(),
            )
        )
