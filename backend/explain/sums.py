"""The totals of an explanation as lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from textwrap import wrap

from backend.explain.nouns import RunCounts, Totals
from backend.explain.phrases import dollars, short, tokens_of
from backend.explain.words import REASONS, WARNINGS, with_words

_LABEL_CHARS = 12


def lines_of_totals(totals: Totals, width: int) -> list[str]:
    """Return a line for each total; of reasons and codes, a line for each."""
    lines = ["totals"]
    for label, text in _told(totals):
        lines += wrap(
            text,
            width,
            initial_indent=f"  {label}".ljust(_LABEL_CHARS),
            subsequent_indent=" " * _LABEL_CHARS,
            break_on_hyphens=False,
        )
    return lines


def _told(totals: Totals) -> Iterator[tuple[str, str]]:
    yield "spans", _spans(totals)
    unpriced = f", {totals.calls_unpriced} without a known price" if totals.calls_unpriced else ""
    yield "calls", f"{totals.calls}{_failed(totals.calls_failed)}{unpriced}"
    yield "tokens", tokens_of(totals.tokens)
    yield "cost", dollars(totals.cost_usd)
    yield "tools", f"{totals.tools}{_failed(totals.tools_failed)}"
    yield "runs", ", ".join(_runs(totals.runs)) or "0"
    yield from _each("set aside", totals.set_aside, REASONS)
    yield from _each("warnings", totals.warnings, WARNINGS)
    yield from _each("refused", totals.rejected, {})


def _spans(totals: Totals) -> str:
    events = totals.spans - totals.spans_silent
    repeated = totals.spans_repeated
    told = f"{totals.spans}, of them {events} with events and {totals.spans_silent} without"
    return f"{told}; {repeated} came again and changed nothing" if repeated else told


def _failed(count: int) -> str:
    return f", {count} failed" if count else ""


def _runs(runs: Mapping[str, RunCounts]) -> Iterator[str]:
    """Yield each agent's runs: `weather_agent 3 (1 failed)`."""
    for agent, counts in runs.items():
        ends = [
            f"{count} {name}"
            for count, name in ((counts.error, "failed"), (counts.running, "without an end"))
            if count
        ]
        count = counts.success + counts.error + counts.running
        told = f" ({', '.join(ends)})" if ends else ""
        yield f"{short(agent) or 'no agent'} {count}{told}"


def _each(
    label: str, counts: Mapping[str, int], words: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    for code, count in counts.items():
        yield label, f"{count} {with_words(code, words)}"
        label = ""
