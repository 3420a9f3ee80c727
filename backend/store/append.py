"""Storing a batch: one transaction, at whose end every sum is right for what is stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from backend.models import EventRow
from backend.store.accounting import Decision, Entry, Key, Told, Uid
from backend.store.copies import likeness_key
from backend.store.costing import Cost
from backend.store.costs import Costs
from backend.store.foresight import Foresight
from backend.store.group import Group, load_group
from backend.store.new_rows import NewRow, new_row, out_of_range
from backend.store.outcomes import DUPLICATE, Outcome, Rejected, Stored
from backend.store.registration import AgentBook
from backend.store.rollups import Deltas, write_rollups
from backend.store.rows import Placed, Placement, Row, as_sent, sent_values, storable
from backend.store.runs import rewrite_runs
from backend.store.sightings import note_sightings
from backend.store.statements import chunks
from backend.store.transactions import Transaction
from backend.store.uids import new_uids
from otel_bridge.event import Event, SpanLink
from otel_bridge.pricing import PriceBook


@dataclass(frozen=True, slots=True)
class Batch:
    """Events on their way into the store, and the spans between them, by trace and span id."""

    rows: Sequence[NewRow | Rejected]
    links: Mapping[Key, Key]
    foresight: Foresight


def prepare(
    events: Sequence[Event], links: Iterable[SpanLink], *, now_us: int, book: PriceBook | None
) -> Batch:
    """Return a batch, ready to be stored: all that can be done before the owner's turn comes."""
    uids = new_uids(len(events), now_us=now_us)
    rows = [_prepared(event, uid, book) for event, uid in zip(events, uids, strict=True)]
    known = _links(links)
    entries = [new.row.entry for new in rows if isinstance(new, NewRow)]
    return Batch(rows, known, Foresight.of(entries, known))


def _links(links: Iterable[SpanLink]) -> dict[Key, Key]:
    """Return the first link of each span."""
    first: dict[Key, Key] = {}
    for link in links:
        trace_id, span_id, parent_span_id = (
            storable(one, 64) or "" for one in (link.trace_id, link.span_id, link.parent_span_id)
        )
        above = (storable(link.parent_trace_id, 64) or trace_id, parent_span_id)
        first.setdefault((trace_id, span_id), above)
    return first


def _prepared(event: Event, uid: Uid, book: PriceBook | None) -> NewRow | Rejected:
    wrong = out_of_range(event)
    if wrong is not None:
        return Rejected(wrong, "out_of_range")
    return new_row(event, uid, book=book)


def append_batch(tx: Transaction, batch: Batch, *, max_agents: int, costs: Costs) -> list[Outcome]:
    """Store what is new and right in the batch; return what became of each row, in their order."""
    book = AgentBook(tx, max_agents)
    outcomes, accepted = _accept(tx, batch.rows, book)
    if batch.links:
        _insert_links(tx, batch.links)
    if accepted or batch.links:
        group = load_group(
            tx,
            [new.row for new in accepted],
            foresight=batch.foresight,
            linked_traces={trace_id for trace_id, _ in batch.links},
        )
        _write(tx, accepted, _place(tx, group, book, costs.of(tx, group)))
    return outcomes


def _accept(
    tx: Transaction, batch: Sequence[NewRow | Rejected], book: AgentBook
) -> tuple[list[Outcome], list[NewRow]]:
    rows = [new for new in batch if isinstance(new, NewRow)]
    known = _stored_identities(tx, {new.identity for new in rows if new.identity is not None})
    committed = _committed(tx, [new.row.entry.uid for new in rows]) if tx.is_retry else set()
    _look_up_agents([new.row.entry for new in rows], book)
    outcomes: list[Outcome] = []
    accepted: list[NewRow] = []
    for new in batch:
        if isinstance(new, NewRow) and new.row.entry.uid in committed:
            outcomes.append(Stored(new.row.entry.uid))
            continue
        outcome = new if isinstance(new, Rejected) else _outcome(new, known, book)
        outcomes.append(outcome)
        if isinstance(new, NewRow) and isinstance(outcome, Stored):
            accepted.append(new)
    return outcomes, accepted


def _committed(tx: Transaction, uids: Sequence[Uid]) -> set[Uid]:
    """Return which rows an earlier attempt stored, whose answer was lost with its connection."""
    found: set[Uid] = set()
    for some in chunks(uids):
        found.update(tx.connection.scalars(select(EventRow.uid).where(EventRow.uid.in_(some))))
    return found


def _outcome(new: NewRow, known: set[Uid], book: AgentBook) -> Outcome:
    """Return what becomes of a row, and remember its identity where it is stored."""
    if new.identity in known:
        return DUPLICATE
    entry = new.row.entry
    rejected = _rejection(entry, book)
    if rejected is not None:
        return rejected
    if new.identity is not None:
        known.add(new.identity)
    return Stored(entry.uid)


def _stored_identities(tx: Transaction, identities: set[Uid]) -> set[Uid]:
    if not identities:
        return set()
    wanted = [tx.sql.uid(identity) for identity in sorted(identities)]
    found = tx.connection.exec_driver_sql(
        tx.sql.known_identities, tx.sql.among(wanted, tx.owner_id)
    )
    return {tx.sql.uid_of(identity) for (identity,) in found}


def _look_up_agents(entries: Sequence[Entry], book: AgentBook) -> None:
    book.look_up(
        names={entry.agent for entry in entries if entry.agent is not None},
        ids={entry.agent_id_hint for entry in entries if entry.agent_id_hint is not None},
    )


def _rejection(entry: Entry, book: AgentBook) -> Rejected | None:
    if entry.agent_id_hint is not None:
        if entry.agent_id_hint in book.ids:
            return None
        return Rejected(f"agent_id {entry.agent_id_hint} is not an agent of yours", "unknown_agent")
    if entry.agent is None or book.admits(entry.agent):
        return None
    return Rejected(
        f"agent {entry.agent!r} is new, and the limit of {book.max_agents} agents is reached",
        "agent_limit",
    )


def _insert_links(tx: Transaction, links: Mapping[Key, Key]) -> None:
    rows = [
        (tx.owner_id, *key, parent_span_id, None if trace_id == key[0] else trace_id, tx.now_us)
        for key, (trace_id, parent_span_id) in links.items()
    ]
    tx.connection.exec_driver_sql(tx.sql.insert_links, rows)


def _place(
    tx: Transaction, group: Group, book: AgentBook, costs: Mapping[Uid, Cost]
) -> list[Placed]:
    """Return the place of every row of the group, with its agent registered.

    What is left of a time from which events were deleted keeps its place: decided by half of what
    happened, it could count where an event that is gone had counted.
    """
    kept = {
        uid: row.placement
        for uid, row in group.rows.items()
        if row.placement is not None and row.entry.created_us < tx.raw_since_us
    }
    decided = {uid: one for uid, one in group.decisions.items() if uid not in kept}
    book.register({one.agent for one in decided.values() if isinstance(one.agent, str)})
    return [
        (row, kept.get(uid) or _placement(row, decided[uid], book.by_name, costs[uid]))
        for uid, row in group.rows.items()
    ]


def _placement(row: Row, decision: Decision, ids: Mapping[str, int], cost: Cost) -> Placement:
    agent = decision.agent
    reason = decision.set_aside_reason
    told = decision.told or Told.by(row.entry)
    return Placement(
        decision.event_type,
        decision.status,
        ids.get(agent) if isinstance(agent, str) else agent,
        decision.run_id,
        decision.counted,
        None if reason is None else str(reason),
        cost.nusd,
        cost.source,
        cost.version,
        told.sent_cost_nusd,
        told.sent_cost_source,
        told.provider,
        told.model,
        told.tokens_in,
        told.tokens_out,
        told.tokens_cache_read,
        told.tokens_cache_write,
        told.tokens_reasoning,
        told.session,
    )


def _write(tx: Transaction, accepted: Sequence[NewRow], placed: Sequence[Placed]) -> None:
    """Write what is new or has changed, and every sum that follows from it."""
    changed = [(row, place) for row, place in placed if row.placement != place]
    _insert_events(tx, accepted, {row.entry.uid: place for row, place in changed})
    _update_events(tx, changed)
    deltas = Deltas()
    touched: set[str | None] = set()
    for row, place in changed:
        before = row.placement
        if before is not None:
            deltas.remove(row, before)
            touched.add(before.run_id)
        deltas.add(row, place)
        touched.add(place.run_id)
    write_rollups(tx, deltas)
    rewrite_runs(tx, {run_id for run_id in touched if run_id is not None}, placed)
    note_sightings(tx, changed)


def _insert_events(
    tx: Transaction, accepted: Sequence[NewRow], places: Mapping[Uid, Placement]
) -> None:
    if accepted:
        rows = [_values(tx, new, places[new.row.entry.uid]) for new in accepted]
        tx.sql.insert_events.write(tx.connection, rows)


def _update_events(tx: Transaction, changed: Iterable[Placed]) -> None:
    updates = [
        (*place, as_sent(row.entry, place), tx.sql.uid(row.entry.uid))
        for row, place in changed
        if row.placement is not None
    ]
    if updates:
        tx.connection.exec_driver_sql(tx.sql.update_placements, updates)


def _values(tx: Transaction, new: NewRow, place: Placement) -> tuple[Any, ...]:
    """Return a row of `obs_events`, in the order of `NEW_COLUMNS`."""
    row = new.row
    entry = row.entry
    return (
        tx.sql.uid(entry.uid),
        tx.owner_id,
        None if new.identity is None else tx.sql.uid(new.identity),
        new.dedupe_key,
        tx.now_us,
        new.name,
        new.payload,
        likeness_key(entry) if entry.event_type == "llm_call" else None,
        row.latency_ms,
        row.error_message,
        row.warnings,
        as_sent(entry, place),
        *place,
        *sent_values(entry),
    )
