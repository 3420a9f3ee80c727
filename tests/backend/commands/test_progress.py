"""How far a long command is, as its watcher reads it."""

from __future__ import annotations

from dataclasses import dataclass
from io import StringIO

from backend.commands.progress import Progress


@dataclass
class Clock:
    """A clock that stands still until it is moved."""

    now_s: float = 100.0

    def __call__(self) -> float:
        return self.now_s


class Terminal(StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_lines_are_written_at_once_and_then_every_few_seconds() -> None:
    stream, clock = StringIO(), Clock()
    progress = Progress("writing", stream, clock=clock)
    for now_s, share, count in ((101, 0.1, 1000), (103, 0.3, 3000), (110, 0.5, 5000)):
        clock.now_s = now_s
        progress.show(share, count)
    assert stream.getvalue().splitlines() == [
        "writing: 10%, 1,000 events, 1,000 per s, 0:09 left",
        "writing: 50%, 5,000 events, 500 per s, 0:10 left",
    ]


def test_a_terminal_shows_a_bar_that_is_written_over() -> None:
    stream, clock = Terminal(), Clock()
    progress = Progress("writing", stream, clock=clock)
    for now_s, share, count in ((110, 0.25, 10), (190, 0.75, 90)):
        clock.now_s = now_s
        progress.show(share, count)
    progress.close()
    first, second = stream.getvalue().split("\r")[1:]
    assert first == "[######------------------] writing: 25%, 10 events, 1 per s, 0:30 left\x1b[K"
    assert second.startswith("[##################------] writing: 75%, 90 events, 1 per s, 0:30")
    assert second.endswith("\n")


def test_nothing_is_foretold_before_anything_is_done() -> None:
    stream = StringIO()
    Progress("writing", stream, clock=Clock()).show(0.0, 0)
    assert stream.getvalue() == "writing: 0%, 0 events\n"
