"""The daily metrics of agents: written from the sums, as often as wanted."""

from __future__ import annotations

from backend.store import Aggregated, EventStore


def aggregate_daily(store: EventStore) -> Aggregated:
    """Write the rows of today, yesterday and every day that late events touched, for all owners.

    Repeating it changes nothing. Raises StoreUnavailable.
    """
    return store.aggregate_recent()
