"""Tables for a person, and the targets that were missed for the exit code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

Form = Callable[[float], str]


def share(value: float) -> str:
    """Return a ratio in percent."""
    return f"{value:.0%}"


def times(value: float) -> str:
    """Return a ratio as a factor."""
    return f"{value:.2f}x"


def millis(value: float) -> str:
    """Return milliseconds."""
    return f"{value:,.1f} ms"


def number(value: float) -> str:
    """Return a count or a rate without decimals."""
    return f"{value:,.0f}"


def seconds(value: float) -> str:
    """Return seconds with three decimals."""
    return f"{value:.3f} s"


def mebibytes(value: float) -> str:
    """Return bytes in MiB."""
    return f"{value / 1024 / 1024:,.0f} MiB"


@dataclass(slots=True)
class Report:
    """Prints as the figures come."""

    missed: list[str] = field(default_factory=list)

    def say(self, line: str = "") -> None:
        """Print a line."""
        print(line, flush=True)

    def table(self, title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Print a table; the first column says what the others are figures of."""
        widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
        self.say(f"\n{title}")
        for row in (heads, *rows):
            first, *others = (
                text.rjust(width) if at else text.ljust(width)
                for at, (text, width) in enumerate(zip(row, widths, strict=True))
            )
            self.say("  ".join(("  " + first, *others)).rstrip())

    def at_least(self, what: str, value: float, floor: float, *, form: Form) -> None:
        """Judge a figure that should be as large, and say so."""
        self._say_verdict(f"{what}: {form(value)}, at least {form(floor)}", is_met=value >= floor)

    def at_most(self, what: str, value: float, ceiling: float, *, form: Form) -> None:
        """Judge a figure that should not be larger, and say so."""
        told = f"{what}: {form(value)}, at most {form(ceiling)}"
        self._say_verdict(told, is_met=value <= ceiling)

    def none(self, what: str, mistakes: Sequence[str]) -> None:
        """Judge a list of mistakes, which should be empty, and say so."""
        found = f"; {mistakes[0]}" if mistakes else ""
        self._say_verdict(f"{what}: {len(mistakes)} mistakes{found}", is_met=not mistakes)

    def verdict(self, told: str, *, is_met: bool) -> str:
        """Remember a target that was missed; return the word for a table."""
        if not is_met:
            self.missed.append(told)
        return "met" if is_met else "MISSED"

    def _say_verdict(self, told: str, *, is_met: bool) -> None:
        self.say(f"  {self.verdict(told, is_met=is_met):<6}  {told}")
