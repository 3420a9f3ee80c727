"""Agents: found, registered, limited and seen."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Engine, insert, select

from backend import db
from backend.models import Agent
from backend.store import EventStore, Rejected, Stored
from otel_bridge.event import Event
from tests.backend.store.makers import (
    NOW_US,
    SECOND_US,
    llm_call,
    run_finished,
    total,
)
from tests.databases import new_owner


def add_agent(engine: Engine, owner_id: int, name: str) -> int:
    with db.for_writing(engine).begin() as connection:
        statement = insert(Agent).values(
            user_id=owner_id, name=name, is_derived=False, created_us=0
        )
        return connection.scalars(statement.returning(Agent.id)).one()


def test_an_unknown_or_foreign_agent_is_rejected_and_the_rest_is_stored(
    store: EventStore, engine: Engine, owner_id: int
) -> None:
    mine = add_agent(engine, owner_id, "mine")
    foreign = add_agent(engine, new_owner(engine, "other@example.com"), "foreign")
    outcomes = store.append(
        owner_id, [llm_call(agent_id=foreign), llm_call(agent_id=mine), llm_call(agent_id=99_999)]
    )
    assert [type(outcome) for outcome in outcomes] == [Rejected, Stored, Rejected]
    assert outcomes[0] == Rejected(f"agent_id {foreign} is not an agent of yours", "unknown_agent")
    assert total(store, owner_id).sums.llm_calls == 1


def test_a_rejected_event_can_be_sent_again_when_it_is_right(
    store: EventStore, engine: Engine, owner_id: int
) -> None:
    (rejected,) = store.append(owner_id, [llm_call(dedupe_key="k", agent_id=99_999)])
    assert isinstance(rejected, Rejected)
    mine = add_agent(engine, owner_id, "mine")
    (stored,) = store.append(owner_id, [llm_call(dedupe_key="k", agent_id=mine)])
    assert isinstance(stored, Stored)


def test_a_new_name_registers_an_agent_once(
    store: EventStore, engine: Engine, owner_id: int
) -> None:
    store.append(owner_id, [llm_call(agent="bot"), llm_call(agent="bot")])
    store.append(owner_id, [llm_call(agent="bot")])
    with engine.connect() as connection:
        agents = connection.execute(select(Agent.name, Agent.is_derived, Agent.last_seen_us)).all()
    assert agents == [("bot", True, NOW_US)]


def test_a_name_over_the_limit_of_agents_is_rejected(engine: Engine, owner_id: int) -> None:
    store = EventStore(engine, max_agents_per_owner=2)
    outcomes = store.append(owner_id, [llm_call(agent=name) for name in ("a", "b", "c", "a")])
    assert [type(outcome) for outcome in outcomes] == [Stored, Stored, Rejected, Stored]
    assert outcomes[2] == Rejected(
        "agent 'c' is new, and the limit of 2 agents is reached", "agent_limit"
    )


def test_a_default_agent_over_the_limit_leaves_the_event_without_one(
    engine: Engine, owner_id: int
) -> None:
    store = EventStore(engine, max_agents_per_owner=1)
    store.append(owner_id, [llm_call(agent="a"), llm_call(default_agent="b")])
    groups = store.measure(owner_id, start_us=0, end_us=2**62, group_by=["agent_id"])
    assert [group.sums.llm_calls for group in groups] == [1, 1]
    assert groups[0].key == {"agent_id": None}


def test_an_agent_that_lost_its_events_was_never_seen(
    store: EventStore, engine: Engine, owner_id: int
) -> None:
    call, root = llm_call("c", parent_span_id="root", default_agent="shop"), run_finished("root")
    store.append(owner_id, [call])
    assert store.active_agents(owner_id, since_us=NOW_US) == 1
    store.append(owner_id, [root])
    with engine.connect() as connection:
        seen = set(connection.execute(select(Agent.name, Agent.last_seen_us)))
    assert seen == {("shop", None), ("bot", NOW_US)}
    assert store.active_agents(owner_id, since_us=NOW_US) == 1


def test_a_heartbeat_is_noted_at_its_agent(
    store: EventStore, engine: Engine, owner_id: int
) -> None:
    beat = Event("heartbeat", NOW_US, agent="bot")
    store.append(owner_id, [beat, llm_call(agent="bot", created_at_us=NOW_US + 5)])
    store.append(owner_id, [replace(beat, created_at_us=NOW_US - SECOND_US)])
    with engine.connect() as connection:
        agent = connection.execute(select(Agent.last_seen_us, Agent.last_heartbeat_us)).one()
    assert agent == (NOW_US + 5, NOW_US)
