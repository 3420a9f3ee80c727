"""Measure what was asked for, print tables, and fail where a target was missed.

Everything is measured in one run on one machine, beside the limit of the machine, so that the
ratios mean something.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.crashes import measure_crashes
from bench.ingest import measure_ingestion
from bench.load import Plan
from bench.mapping import measure_mapping
from bench.queries import measure_queries
from bench.report import Report
from bench.sites import SITES, Site

_AT_SCALE = 10_000_000
_EVENTS_OF_CRASHES = 200_000


def main() -> int:
    """Measure; return the exit code."""
    given = _arguments()
    sections = given.sections or _BY_DEFAULT
    report = Report()
    report.say(
        f"otel-bridge bench: {platform.system()}, {os.cpu_count()} CPUs, Python"
        f" {platform.python_version()}"
    )
    if "mapping" in sections:
        measure_mapping(report)
    plan = Plan(given.clients, given.seconds, given.bodies)
    for name in given.databases:
        with (
            tempfile.TemporaryDirectory(prefix="otel-bridge-bench-") as folder,
            SITES[name](Path(folder)) as site,
        ):
            for section, measure in _ON_SITES.items():
                if section in sections:
                    started_s = time.monotonic()
                    measure(report, site, plan, given.events)
                    took_s = time.monotonic() - started_s
                    report.say(f"  ({section} took {took_s:.0f} s)")
    return _verdict(report)


#: What is measured on each kind of database, in this order.
_ON_SITES: dict[str, Callable[[Report, Site, Plan, int], None]] = {
    "ingest": lambda report, site, plan, _: measure_ingestion(report, site, plan),
    "queries": lambda report, site, _, events: measure_queries(report, site, events),
    "crash": lambda report, site, *_: measure_crashes(report, site, _EVENTS_OF_CRASHES),
    "scale": lambda report, site, *_: measure_queries(report, site, _AT_SCALE),
}
SECTIONS = ("mapping", *_ON_SITES)
_BY_DEFAULT = SECTIONS[:-1]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description="Measure otel-bridge.")
    parser.add_argument(
        "sections",
        nargs="*",
        type=_section,
        help=f"of {', '.join(SECTIONS)}; all but scale by default",
    )
    parser.add_argument("--databases", nargs="+", default=list(SITES), choices=SITES, help="where")
    parser.add_argument(
        "--events", type=int, default=1_000_000, help="in the big database of the queries"
    )
    parser.add_argument("--clients", type=int, default=4, help="client processes")
    parser.add_argument("--seconds", type=float, default=8.0, help="of each load")
    parser.add_argument("--bodies", type=int, default=60, help="most requests of each client")
    return parser.parse_args()


def _section(name: str) -> str:
    # Not argparse's own choices, which refuse that none is given.
    if name not in SECTIONS:
        raise argparse.ArgumentTypeError(f"{name} is none of {', '.join(SECTIONS)}")
    return name


def _verdict(report: Report) -> int:
    report.say()
    for missed in report.missed:
        report.say(f"MISSED  {missed}")
    report.say(f"{len(report.missed)} targets missed" if report.missed else "all targets met")
    return 1 if report.missed else 0


if __name__ == "__main__":
    sys.exit(main())
