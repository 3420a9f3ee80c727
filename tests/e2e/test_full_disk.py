"""A full disk: writing waits for room, reading goes on, and nothing needs to be repaired."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from backend import db
from tests.e2e.crash import Site, site
from tests.e2e.delivery import PATH, Body, Delivery, cut, events_of_today
from tests.e2e.own_postgresql import own_postgresql
from tests.e2e.server import Answer, Client
from tests.e2e.small_disk import Room, SizeLimit, SmallDisk, small_disk

pytestmark = pytest.mark.e2e

_BATCH = 500


@pytest.fixture
def disk() -> Iterator[SmallDisk]:
    with small_disk(96) as made:
        if made is None:
            # A file system of its own takes root; the limit on file sizes shows the same without.
            pytest.skip("only root may mount a file system")
        yield made


@pytest.fixture
def sqlite_on_disk(disk: SmallDisk, tmp_path: Path) -> Iterator[tuple[Site, Room]]:
    """A database file on the small disk."""
    with _migrated_site(f"sqlite:///{disk.folder}/obs.db", tmp_path) as made:
        yield made, disk


@pytest.fixture
def sqlite_with_limit(tmp_path: Path) -> Iterator[tuple[Site, Room]]:
    """A database file that may not grow."""
    if not hasattr(psutil.Process, "rlimit"):
        # No other system sets a limit of a process that runs; the server is run on Linux.
        pytest.skip("only Linux limits a process from outside")
    file = tmp_path / "obs.db"
    with _migrated_site(f"sqlite:///{file}", tmp_path) as made:
        yield made, SizeLimit(made.server.pid, file)


@pytest.fixture
def postgresql_on_disk(disk: SmallDisk, tmp_path: Path) -> Iterator[tuple[Site, Room]]:
    """A database whose tables are on the small disk, and whose log is not."""
    with own_postgresql() as server, server.databases.empty() as url:
        space = disk.folder / "space"
        space.mkdir()
        shutil.chown(space, psutil.Process(server.pid).username())
        name = url.partition("?")[0].rpartition("/")[2]
        server.run(
            f"CREATE TABLESPACE small LOCATION '{space}'",
            f"ALTER DATABASE {name} SET TABLESPACE small",
        )
        with _migrated_site(url, tmp_path) as made:
            yield made, disk


@contextmanager
def _migrated_site(url: str, folder: Path) -> Iterator[Site]:
    db.upgrade(url)
    with site(url, folder) as made:
        yield made


@pytest.fixture(params=["sqlite_on_disk", "sqlite_with_limit", "postgresql_on_disk"])
def crowded(request: pytest.FixtureRequest) -> tuple[Site, Room]:
    """A server, and the room that its database has."""
    found: tuple[Site, Room] = request.getfixturevalue(request.param)
    return found


def test_a_full_disk_puts_writers_off_and_readers_see_all_until_there_is_room_again(
    crowded: tuple[Site, Room],
) -> None:
    site, room = crowded
    sent = cut(events_of_today(10_000, seed=3), _BATCH)
    with Client(site.server.base_url, site.key) as client:
        taken, refusal = _send_until_refused(client, sent, room)
        shown = client.get("/api/obs/events", {"limit": 1})
        overview = client.get("/api/obs/metrics/overview")
    assert refusal.status == 503
    assert 1 <= int(refusal.headers["Retry-After"]) <= 3
    assert (shown.status, overview.status) == (200, 200)
    assert shown.body["total"] == taken * _BATCH
    room.free()
    with Delivery(site.lanes(sent), site.key) as delivery:
        pass
    assert site.mistakes(delivery) == []


def _send_until_refused(client: Client, sent: list[Body], room: Room) -> tuple[int, Answer]:
    """Take all room after the first request; return how many were taken, and the first refusal."""
    for number, body in enumerate(sent):
        answer = client.post(PATH, body.data)
        if answer.status != 200:
            return number, answer
        if number == 0:
            room.fill()
    raise AssertionError("there is room for everything")


def test_a_full_disk_is_named(sqlite_on_disk: tuple[Site, Room]) -> None:
    site, room = sqlite_on_disk
    with Client(site.server.base_url, site.key) as client:
        _, refusal = _send_until_refused(client, cut(events_of_today(5000, seed=3), _BATCH), room)
    assert refusal.body == {
        "error": "the store has no room left on its disk: nothing was lost, send it again"
    }
