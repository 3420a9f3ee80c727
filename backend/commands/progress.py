"""How far a long command is: a bar on a terminal, a line every few seconds elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TextIO

_BAR_WIDTH = 24
_PAUSE_ON_TERMINAL_S = 0.2
_PAUSE_ELSEWHERE_S = 5.0


class Progress:
    """Says how much is done, how fast it goes, and when it will be over.

    The first call of `show` is always written, so that who watches knows that it has begun.
    """

    def __init__(
        self, label: str, stream: TextIO, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._label = label
        self._stream = stream
        self._clock = clock
        self._started_s = clock()
        self._next_s = self._started_s
        self._on_terminal = stream.isatty()

    def show(self, share: float, count: int) -> None:
        """Write where it stands, unless that was done a moment ago; `share` is from 0 to 1."""
        now_s = self._clock()
        if now_s < self._next_s:
            return
        self._next_s = now_s + (_PAUSE_ON_TERMINAL_S if self._on_terminal else _PAUSE_ELSEWHERE_S)
        line = _line(self._label, share, count, now_s - self._started_s)
        # The end of the line is cleared: the one before may have been longer.
        self._write(f"\r{_bar(share)} {line}\x1b[K" if self._on_terminal else f"{line}\n")

    def close(self) -> None:
        """Leave the bar's line."""
        if self._on_terminal:
            self._write("\n")

    @property
    def seconds(self) -> float:
        """How long it has taken until now."""
        return self._clock() - self._started_s

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


def _bar(share: float) -> str:
    return "[" + ("#" * round(share * _BAR_WIDTH)).ljust(_BAR_WIDTH, "-") + "]"


def _line(label: str, share: float, count: int, seconds: float) -> str:
    told = f"{label}: {share:.0%}, {count:,} events"
    if not (seconds > 0 and share > 0 and count):
        return told
    left_s = round(seconds / share * (1 - share))
    return f"{told}, {count / seconds:,.0f} per s, {left_s // 60}:{left_s % 60:02} left"
