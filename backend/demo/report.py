"""The demo's words: tables and lines for a person, as text."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from backend.demo.agents import Outcome
from backend.demo.home import Home, Owner
from backend.demo.overview import Sums, Usage, total

_HEAD = (
    "agent",
    "runs",
    "failed",
    "LLM calls",
    "tool calls",
    "tokens in",
    "tokens out",
    "cost",
    "errors",
)


def outcome_line(outcome: Outcome) -> str:
    """Return one line about a task: who, whether it went well, what was asked, what came of it."""
    task = outcome.task
    mark = "ok    " if outcome.ok else "failed"
    return f"  {task.agent.name:<14} {mark} {_cut(task.question, 48):<48}  {_cut(outcome.text, 60)}"


def overview_table(rows: Sequence[Sums]) -> str:
    """Return the table of all agents with their total."""
    lines = table([_HEAD, *(_cells(row) for row in rows), _cells(total(rows))])
    unpriced = total(rows).unpriced_calls
    if not unpriced:
        return lines
    return f"{lines}\n  + and the cost of {unpriced:,} calls to models whose price is not known"


def comparison(served: Usage, recorded: Usage) -> str:
    """Return whether the backend's numbers are those of the model server, with both."""
    verdict = "yes" if served == recorded else "NO"
    lines = table(
        [
            ("", "LLM calls", "tokens in", "tokens out"),
            ("model server", *_usage(served)),
            ("otel-bridge", *_usage(recorded)),
        ]
    )
    return f"matches what the model server served: {verdict}\n{lines}"


def places(home: Home, owner: Owner, *, running: bool) -> str:
    """Return where to look next: address, login and ready-made reads with the demo's key."""
    start = f"DATABASE_URL={shlex.quote(home.database_url)} otel-bridge serve --port {home.port}"
    curl = 'curl -s -H "Authorization: Bearer $KEY"'
    lines = [
        "where to look next",
        *([] if running else [f"  start it again  {start}"]),
        f"  dashboard       {home.base_url}",
        f"  login           {owner.email}  password {owner.password}",
        f"  key to read     export KEY={owner.read_key}",
        f"  overview        {curl} {home.base_url}/api/obs/metrics/overview",
        f"  per agent       {curl} {home.base_url}/api/obs/metrics/agents",
        f"  runs            {curl} '{home.base_url}/api/obs/runs?limit=5'",
        f"  errors          {curl} '{home.base_url}/api/obs/events?status=error'",
    ]
    return "\n".join(lines)


def table(rows: Sequence[Sequence[str]]) -> str:
    """Return the cells as aligned lines: the first column to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  "
        + "  ".join(
            cell.ljust(width) if index == 0 else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )


def _cells(row: Sums) -> tuple[str, ...]:
    return (
        row.name,
        f"{row.runs:,}",
        f"{row.failed_runs:,}",
        f"{row.llm_calls:,}",
        f"{row.tool_calls:,}",
        f"{row.tokens_in:,}",
        f"{row.tokens_out:,}",
        _cost(row),
        f"{row.errors:,}",
    )


def _cost(row: Sums) -> str:
    """Return the cost that is known; a plus says that it is not the whole."""
    if row.unpriced_calls and not row.cost_usd:
        return "unknown"
    return f"${row.cost_usd:.6f}" + ("+" if row.unpriced_calls else "")


def _usage(usage: Usage) -> tuple[str, ...]:
    return (f"{usage.llm_calls:,}", f"{usage.tokens_in:,}", f"{usage.tokens_out:,}")


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
