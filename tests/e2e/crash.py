"""Deliveries during which something dies, and what is wrong with the books afterwards."""

from __future__ import annotations

import random
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from backend import db
from backend.auth.keys import SCOPES, create_key
from backend.store import EventStore
from tests.databases import new_owner
from tests.e2e.books import mistakes
from tests.e2e.delivery import Body, Delivery, Lane, cut, events_of_today, lanes
from tests.e2e.server import ServerProcess

#: Below the ports that Linux, macOS and Windows give to clients.
_GIVEN_TO_NOBODY = (20_000, 32_000)


@dataclass(frozen=True, slots=True)
class Ordeal:
    """How much is sent while how often something is killed."""

    events: int
    kills: int
    size: int = 1000
    clients: int = 4
    seed: int = 1
    within_s: float = 90.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many events were acknowledged, what the clients met on the way, and what is wrong."""

    acknowledged: int
    setbacks: dict[str, int]
    mistakes: list[str]


@dataclass(frozen=True, slots=True)
class Site:
    """A database with an owner, and a server of its own on it."""

    server: ServerProcess
    engine: Engine
    store: EventStore
    owner_id: int
    key: str

    def mistakes(self, delivery: Delivery) -> list[str]:
        """Return what is wrong in the owner's books after a delivery."""
        return mistakes(
            self.store,
            self.engine,
            owner_id=self.owner_id,
            acknowledged=delivery.acknowledged,
        )

    def lanes(self, sent: list[Body], clients: int = 4) -> list[Lane]:
        """Deal bodies out to clients of the server."""
        return lanes(self.server.base_url, sent, clients)


@contextmanager
def site(database_url: str, folder: Path) -> Iterator[Site]:
    """Yield a running server on a migrated database, and its owner."""
    engine = db.engine_for(database_url)
    owner_id = new_owner(engine)
    key, _ = create_key(engine, owner_id, name="test", scopes=SCOPES)
    server = ServerProcess(database_url, log_file=folder / "server.log", port=_steady_port())
    server.start()
    try:
        yield Site(server, engine, EventStore(engine), owner_id, key)
    finally:
        server.kill()
        engine.dispose()


def _steady_port() -> int:
    """Return a free port that the system gives to no client.

    One of those that it gives could go to a client that tries again while the server is away.
    """
    while True:
        port = random.randrange(*_GIVEN_TO_NOBODY)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def endure(site: Site, ordeal: Ordeal, blow: Callable[[], object]) -> Outcome:
    """Return how a delivery ended during which `blow` struck at random moments."""
    sent = cut(events_of_today(ordeal.events, seed=ordeal.seed), ordeal.size)
    rng = random.Random(ordeal.seed)
    delivery = Delivery(site.lanes(sent, ordeal.clients), site.key, within_s=ordeal.within_s)
    with delivery:
        delivery.strike(ordeal.kills, blow, rng)
    keys = sum(1 for _ in delivery.acknowledged)
    return Outcome(keys, dict(delivery.setbacks), site.mistakes(delivery))


def restart(server: ServerProcess) -> None:
    """Kill the server and start it again."""
    server.kill()
    server.start()
