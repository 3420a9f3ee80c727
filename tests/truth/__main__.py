"""`make truth`: replay captures of real spans and compare the product's numbers with the truth."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path

from tests.databases import SqliteDatabases
from tests.truth.arrivals import ARRIVALS, Arrival
from tests.truth.captures import FOLDER, Capture, captures_in
from tests.truth.replay import Replay
from tests.truth.scores import Score


def main() -> int:
    """Print the table; return 1 where an arrival changed a total."""
    options = _options()
    captures = [capture for folder in options.folders for capture in captures_in(folder)]
    if not captures:
        _say("no captures there: each needs NAME.pb (or NAME.otlp.json) and NAME.truth.json")
        return 2
    with tempfile.TemporaryDirectory(prefix="otel-bridge-truth-") as folder:
        replay = Replay(SqliteDatabases(Path(folder)))
        scores = [Score.of(capture, replay.told(capture)) for capture in captures]
        _say_scores(scores)
        return _say_arrivals(replay, captures, scores)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make truth", description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path, default=[FOLDER], metavar="FOLDER")
    return parser.parse_args()


_COLUMNS = (
    ("capture", 46),
    ("tokens in: ours, truth", 26),
    ("tokens out", 20),
    ("calls", 13),
    ("tools", 12),
    ("runs", 12),
    ("cost in USD", 22),
    ("wrong", 0),
)


def _say_scores(scores: Sequence[Score]) -> None:
    _say("".join(name.ljust(width) for name, width in _COLUMNS).rstrip())
    for score in scores:
        cells = _cells(score)
        _say("".join(c.ljust(w) for c, (_, w) in zip(cells, _COLUMNS, strict=True)).rstrip())
    _say("")
    _say(_total(scores))


def _cells(score: Score) -> tuple[str, ...]:
    told, truth = score.told, score.truth
    calls_failed = truth.told["expect"]["calls_failed"]
    runs = [sum(pair) for pair in zip((0, 0), *truth.runs.values(), strict=True)]
    found = [sum(pair) for pair in zip((0, 0), *told.runs.values(), strict=True)]
    wrong = {
        "tokens": score.tokens_right,
        "calls": score.calls_right,
        "tools": score.tools_right,
        "runs": score.runs_right,
        "agents": score.agents_right or not score.runs_right,
    }
    return (
        score.name,
        f"{told.tokens_in}, {truth.tokens_in}",
        f"{told.tokens_out}, {truth.tokens_out}",
        f"{told.calls}-{told.calls_failed}, {truth.calls}-{calls_failed}",
        f"{_pair(told.tools)}, {_pair(truth.tools)}",
        f"{_pair(found)}, {_pair(runs)}",
        f"{told.cost_usd:.6f}, {score.cost_usd:.6f}",
        " ".join(name for name, right in wrong.items() if not right),
    )


def _pair(pair: Sequence[int]) -> str:
    count, failed = pair
    return f"{count}-{failed}"


def _total(scores: Sequence[Score]) -> str:
    served = sum(
        Decimal(s.truth.told["visible"]["tokens_in"] + s.truth.told["visible"]["tokens_out"])
        for s in scores
    )
    error = sum((score.tokens_error for score in scores), Decimal(0))
    rights = {
        "tokens": sum(score.tokens_right for score in scores),
        "calls": sum(score.calls_right for score in scores),
        "tools": sum(score.tools_right for score in scores),
        "runs": sum(score.runs_right for score in scores),
        "runs by agent": sum(score.agents_right for score in scores),
    }
    counts = ", ".join(f"{name} {count}" for name, count in rights.items())
    share = 100 * error / served if served else Decimal(0)
    off = f"tokens off by {error:.0f} of {served} ({share:.3f} %)"
    return f"right of {len(scores)}: {counts}; {off}"


def _say_arrivals(replay: Replay, captures: Sequence[Capture], scores: Iterable[Score]) -> int:
    """Replay every other way; return 1 where a total is another one."""
    expected = [score.told for score in scores]
    failed = 0
    others: dict[str, Arrival] = {name: way for name, way in ARRIVALS.items() if name != "as sent"}
    for name, arrival in others.items():
        found = [replay.told(capture, arrival) for capture in captures]
        changed = [
            capture.name
            for capture, one, other in zip(captures, expected, found, strict=True)
            if one != other
        ]
        failed += len(changed)
        same = len(captures) - len(changed)
        _say(f"{name}: equal totals in {same} of {len(captures)} {' '.join(changed)}".rstrip())
    return int(failed > 0)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
