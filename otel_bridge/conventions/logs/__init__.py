"""The log records that tell of an agent's work, and what they say."""

from __future__ import annotations

from otel_bridge.conventions.logs.claude_code import CLAUDE_CODE_LOGS
from otel_bridge.conventions.logs.codex import CODEX_LOGS
from otel_bridge.conventions.logs.gemini_cli import GEMINI_CLI_LOGS
from otel_bridge.conventions.logs.table import LogConvention, LogFacts
from otel_bridge.log_record import LogRecord

LOG_CONVENTIONS: tuple[LogConvention, ...] = (CLAUDE_CODE_LOGS, CODEX_LOGS, GEMINI_CLI_LOGS)

__all__ = ["LOG_CONVENTIONS", "LogConvention", "LogFacts", "facts_of_log"]


def facts_of_log(record: LogRecord) -> LogFacts | None:
    """Return what the log record says; None where it tells of no call and no tool."""
    for convention in LOG_CONVENTIONS:
        facts = convention.facts_of(record)
        if facts is not None:
            return facts
    return None
