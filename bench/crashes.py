"""Full-size crashes: 200,000 events from four connections while something is killed."""

from __future__ import annotations

import secrets
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bench.report import Report, number
from bench.sites import Site
from tests.e2e.crash import Ordeal, endure, restart, site
from tests.e2e.crash import Site as CrashSite

_KILLS = 10
_WITHIN_S = 900.0


def measure_crashes(report: Report, where: Site, events: int) -> None:
    """Report whether everything that was acknowledged is there, once, and counted."""
    ordeal = Ordeal(events=events, kills=_KILLS, seed=secrets.randbits(32), within_s=_WITHIN_S)
    _tell(report, where, ordeal, "the server", lambda made: partial(restart, made.server))
    if where.postgresql is not None:
        blow = where.postgresql.restart
        _tell(report, where, ordeal, "PostgreSQL itself", lambda _: blow)


def _tell(
    report: Report,
    where: Site,
    ordeal: Ordeal,
    victim: str,
    blow_of: Callable[[CrashSite], Callable[[], object]],
) -> None:
    report.say(f"\n{where.name}: {victim} is killed {ordeal.kills} times (seed {ordeal.seed})")
    started_s = time.monotonic()
    with (
        tempfile.TemporaryDirectory(dir=where.folder) as folder,
        where.databases.migrated() as url,
        site(url, Path(folder)) as made,
    ):
        outcome = endure(made, ordeal, blow_of(made))
        made.engine.dispose()
    met = ", ".join(f"{name} {number(n)} times" for name, n in outcome.setbacks.items())
    report.say(
        f"  {number(outcome.acknowledged)} events acknowledged and audited in"
        f" {time.monotonic() - started_s:.0f} s; clients met: {met or 'nothing'}"
    )
    report.none(f"{where.name}, {victim} killed", outcome.mistakes)
