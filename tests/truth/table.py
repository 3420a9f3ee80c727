"""The scores as lines of text: a table of one line per capture, and what all of them add up to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from tests.truth.scores import Score

#: Columns of text; a longer name of a capture gives way.
WIDTH = 168

_GAP = "  "
_TRUTH = "truth"
_HEADS = (
    *("capture", "tokens in", _TRUTH, "out", _TRUTH, "calls", _TRUTH, "tools", _TRUTH),
    *("runs", _TRUTH, "cost USD", _TRUTH, "wrong"),
)


def table_of(scores: Sequence[Score]) -> list[str]:
    """Return a heading and a line per score, each number of ours before the true one.

    Calls, tools and runs are told as all and failed ones: 4-1.
    """
    rows = [_HEADS, *(_cells(score) for score in scores)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    others = sum(widths[1:]) + len(_GAP) * len(widths[1:])
    widths[0] = min(widths[0], WIDTH - others)
    return [_line(row, widths) for row in rows]


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    name, *numbers, wrong = row
    short = name if len(name) <= widths[0] else name[: widths[0] - 1] + "…"
    cells = [cell.rjust(width) for cell, width in zip(numbers, widths[1:-1], strict=True)]
    return _GAP.join([short.ljust(widths[0]), *cells, wrong]).rstrip()


def _cells(score: Score) -> tuple[str, ...]:
    told, truth = score.told, score.truth
    found, happened = (_added(runs.values()) for runs in (told.runs, truth.runs))
    return (
        score.name,
        *(str(told.tokens_in), str(truth.tokens_in)),
        *(str(told.tokens_out), str(truth.tokens_out)),
        *(_pair(told.calls, told.calls_failed), _pair(truth.calls, truth.calls_failed)),
        *(_pair(*told.tools), _pair(*truth.tools)),
        *(_pair(*found), _pair(*happened)),
        *(f"{told.cost_usd:.6f}", f"{score.cost_usd:.6f}"),
        " ".join(score.wrong),
    )


def _added(pairs: Iterable[tuple[int, int]]) -> tuple[int, int]:
    counts = list(pairs)
    return sum(count for count, _ in counts), sum(failed for _, failed in counts)


def _pair(count: object, failed: int) -> str:
    return f"{count}-{failed}"


def totals_of(scores: Sequence[Score]) -> list[str]:
    """Return how many captures are right in what, and how far all tokens together are off."""
    rights = {name: sum(name not in score.wrong for score in scores) for name in Score.MEASURES}
    counts = ", ".join(f"{name} {count}" for name, count in rights.items())
    served = sum((score.tokens_served for score in scores), 0)
    off = sum((score.tokens_error for score in scores), Decimal(0))
    share = 100 * off / served if served else Decimal(0)
    told = sum((score.told.cost_usd for score in scores), Decimal(0))
    true = sum((score.cost_usd for score in scores), Decimal(0))
    return [
        f"right of {len(scores)}: {counts}",
        f"tokens off by {off:.0f} of {served} ({share:.3f} %), cost {told:.6f} USD of {true:.6f}",
    ]
