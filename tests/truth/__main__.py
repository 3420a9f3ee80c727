"""`make truth`: replay captures of real spans and compare the product's numbers with the truth."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.databases import SqliteDatabases
from tests.truth.arrivals import ARRIVALS, Arrival, as_sent
from tests.truth.captures import FOLDER, Capture, captures_in
from tests.truth.replay import Replay
from tests.truth.scores import Score, Told
from tests.truth.table import table_of, totals_of


def main() -> int:
    """Print the table; return 1 where a way of arrival changed a total, 2 without captures."""
    captures = [capture for folder in _folders() for capture in captures_in(folder)]
    if not captures:
        _say("no captures there: each needs NAME.pb (or NAME.otlp.json) and NAME.truth.json")
        return 2
    with tempfile.TemporaryDirectory(prefix="otel-bridge-truth-") as folder:
        replay = Replay(SqliteDatabases(Path(folder)))
        scores = [Score.of(capture, replay.told(capture)) for capture in captures]
        _say(*table_of(scores), "", *totals_of(scores), "")
        expected = [score.told for score in scores]
        others = {name: way for name, way in ARRIVALS.items() if way is not as_sent}
        agree = [
            _agrees(name, replay, arrival=arrival, captures=captures, expected=expected)
            for name, arrival in others.items()
        ]
    return 0 if all(agree) else 1


def _folders() -> list[Path]:
    parser = argparse.ArgumentParser(prog="python -m tests.truth", description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path, default=[FOLDER], metavar="FOLDER")
    folders: list[Path] = parser.parse_args().folders
    return folders


def _agrees(
    name: str,
    replay: Replay,
    *,
    arrival: Arrival,
    captures: Sequence[Capture],
    expected: Sequence[Told],
) -> bool:
    """Replay every capture another way; say which of them have other totals then."""
    changed = [
        capture.name
        for capture, told in zip(captures, expected, strict=True)
        if replay.told(capture, arrival) != told
    ]
    same = f"equal totals in {len(captures) - len(changed)} of {len(captures)}"
    _say(f"{name}: {same}{', but not in ' if changed else ''}{' '.join(changed)}")
    return not changed


def _say(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
