"""The agents of an owner, found by name and registered when first needed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, func, or_, select

from backend.models import Agent
from backend.store.statements import chunks
from backend.store.transactions import Transaction


@dataclass(slots=True)
class AgentBook:
    """What a transaction knows of its owner's agents."""

    tx: Transaction
    max_agents: int
    ids: set[int] = field(default_factory=set)
    by_name: dict[str, int] = field(default_factory=dict)
    _reserved: set[str] = field(default_factory=set)
    _room: int | None = None

    def look_up(self, *, names: Iterable[str] = (), ids: Iterable[int] = ()) -> None:
        """Read the agents that are not known yet."""
        for some_names in chunks(sorted(set(names) - self.by_name.keys())):
            self._read(Agent.name.in_(some_names))
        for some_ids in chunks(sorted(set(ids) - self.ids)):
            self._read(Agent.id.in_(some_ids))

    def admits(self, name: str) -> bool:
        """Return whether the name is registered, or may be: its place is then kept."""
        if name in self.by_name or name in self._reserved:
            return True
        room = self._free()
        if room <= 0:
            return False
        self._room = room - 1
        self._reserved.add(name)
        return True

    def register(self, names: Iterable[str]) -> None:
        """Give every name an id, in order, as far as the owner's limit allows."""
        wanted = set(names)
        self.look_up(names=wanted)
        missing = sorted(wanted - self.by_name.keys())
        admitted = [name for name in missing if self.admits(name)]
        if not admitted:
            return
        tx = self.tx
        tx.connection.exec_driver_sql(
            tx.sql.insert_agents,
            [(tx.owner_id, name, "", True, tx.now_us) for name in admitted],
        )
        self.look_up(names=admitted)

    def _read(self, condition: ColumnElement[bool]) -> None:
        found = self.tx.connection.execute(
            select(Agent.id, Agent.name).where(Agent.user_id == self.tx.owner_id, condition)
        )
        for agent_id, name in found:
            self.ids.add(agent_id)
            self.by_name[name] = agent_id

    def _free(self) -> int:
        if self._room is None:
            # An agent that lost its events to another one takes no place.
            taken = self.tx.connection.scalar(
                select(func.count())
                .select_from(Agent)
                .where(
                    Agent.user_id == self.tx.owner_id,
                    or_(Agent.is_derived.is_(False), Agent.last_seen_us.is_not(None)),
                )
            )
            self._room = self.max_agents - (taken or 0)
        return self._room
