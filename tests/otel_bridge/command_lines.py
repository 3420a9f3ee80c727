"""What Claude Code, Codex CLI and Gemini CLI write, as logs and as spans, for tests.

Names, types and places of values are those of the released programs: see the docstrings of
`otel_bridge/conventions/logs`.
"""

from __future__ import annotations

from typing import Any

from otel_bridge.log_record import LogRecord
from otel_bridge.record import Resource, SpanRecord

#: 2026-03-01 12:07:00 UTC.
NOW_NS = 1_772_366_820_000_000_000
SECOND_NS = 1_000_000_000
MS_NS = 1_000_000
TRACE = "7d" * 16

CLAUDE = Resource.of({"service.name": "claude-code", "service.version": "2.1.224"})
CODEX_ENV = {"service.name": "codex_cli_rs", "service.version": "0.98.0", "env": "dev"}
CODEX_LOGS = Resource.of(CODEX_ENV | {"host.name": "laptop"})
CODEX_SPANS = Resource.of(CODEX_ENV)
GEMINI = Resource.of({"service.name": "gemini-cli", "session.id": "g-1"})


def _log(
    names: tuple[str, ...],
    attributes: dict[str, Any],
    scope: str,
    resource: Resource,
    **fields: Any,
) -> LogRecord:
    at_ns = fields.pop("at_ns", NOW_NS)
    place = {name: fields.pop(name, None) for name in ("trace_id", "span_id")}
    told = attributes | fields
    kept = {key: value for key, value in told.items() if value is not None}
    return LogRecord(names, at_ns, kept, scope_name=scope, resource=resource, **place)


def claude_log(event: str, **fields: Any) -> LogRecord:
    """Return an event of Claude Code: the name's head stands in the body only."""
    common = {"session.id": "s-1", "user.id": "u-1", "event.name": event, "event.sequence": 7}
    names = (event, f"claude_code.{event}")
    return _log(names, common, "com.anthropic.claude_code.events", CLAUDE, **fields)


def claude_request(**fields: Any) -> LogRecord:
    """Return a request of 1.5 s: 10 tokens in beside 1000 read from and 300 put into the cache."""
    told: dict[str, Any] = {
        "model": "claude-sonnet-4-5-20250929",
        "input_tokens": 10,
        "output_tokens": 20,
        "cache_read_tokens": 1000,
        "cache_creation_tokens": 300,
        "cache_creation_5m_tokens": 100,
        "cache_creation_1h_tokens": 200,
        "cost_usd": 0.002205,
        "duration_ms": 1500,
        "request_id": "req_011",
    }
    return claude_log("api_request", **(told | fields))


def claude_tool(**fields: Any) -> LogRecord:
    """Return an execution of Bash that took 57 ms: its numbers are texts."""
    told = {"tool_name": "Bash", "tool_use_id": "toolu_01", "success": "true", "duration_ms": "57"}
    return claude_log("tool_result", **(told | fields))


def codex_log(event: str, **fields: Any) -> LogRecord:
    """Return an event of Codex: the record's own name is a place in the source."""
    common = {
        "event.name": f"codex.{event}",
        "conversation.id": "c-1",
        "model": "gpt-5-codex",
        "slug": "gpt-5-codex",
        "user.account_id": "acc-1",
    }
    names = (f"codex.{event}", "event otel/src/events/session_telemetry.rs:871")
    return _log(names, common, "codex_otel.log_only", CODEX_LOGS, **fields)


def codex_response(**fields: Any) -> LogRecord:
    """Return the end of an answer: counts are texts, but for cached and reasoning tokens."""
    told = {
        "event.kind": "response.completed",
        "input_token_count": "1200",
        "output_token_count": "90",
        "cached_token_count": 1000,
        "reasoning_token_count": 64,
        "tool_token_count": "1290",
    }
    return codex_log("sse_event", **(told | fields))


def codex_tool(**fields: Any) -> LogRecord:
    """Return an execution of the shell that took 120 ms."""
    told = {
        "tool_name": "shell",
        "call_id": "call_1",
        "arguments": '{"command":["ls"]}',
        "output": "README.md",
        "success": "true",
        "duration_ms": "120",
    }
    return codex_log("tool_result", **(told | fields))


def gemini_log(event: str, **fields: Any) -> LogRecord:
    """Return an event of Gemini CLI: its body is a sentence."""
    common = {"event.name": event, "session.id": "g-1", "user.email": "a@example.com"}
    return _log((event, "API response from the model."), common, "gemini-cli", GEMINI, **fields)


def gemini_response(**fields: Any) -> LogRecord:
    """Return an answer after 2 s: 500 tokens in, 20 out and 80 of thoughts."""
    told = {
        "model": "gemini-2.5-pro",
        "duration_ms": 2000,
        "input_token_count": 500,
        "output_token_count": 20,
        "cached_content_token_count": 0,
        "thoughts_token_count": 80,
        "tool_token_count": 0,
        "total_token_count": 600,
        "status_code": 200,
        "finish_reasons": ["stop"],
    }
    return gemini_log("gemini_cli.api_response", **(told | fields))


def gemini_details(**fields: Any) -> LogRecord:
    """Return what is written next to each answer: the same usage, without thoughts."""
    told = {
        "gen_ai.request.model": "gemini-2.5-pro",
        "gen_ai.response.model": "gemini-2.5-pro",
        "gen_ai.response.id": "r-1",
        "gen_ai.usage.input_tokens": 500,
        "gen_ai.usage.output_tokens": 20,
    }
    return gemini_log("gen_ai.client.inference.operation.details", **(told | fields))


def gemini_tool(**fields: Any) -> LogRecord:
    """Return an execution of read_file that took 30 ms; it has no id."""
    told = {"function_name": "read_file", "function_args": "{}", "duration_ms": 30, "success": True}
    return gemini_log("gemini_cli.tool_call", **(told | fields))


def span(name: str, number: int, attributes: dict[str, Any], **fields: Any) -> SpanRecord:
    """Return a span of a second that ended 10 ms before NOW_NS."""
    told: dict[str, Any] = {
        "trace_id": TRACE,
        "span_id": f"{number:016x}",
        "parent_span_id": None,
        "start_ns": NOW_NS - SECOND_NS,
        "end_ns": NOW_NS - 10 * MS_NS,
        "name": name,
        "attributes": attributes,
    }
    return SpanRecord(**(told | fields))


def claude_span(**fields: Any) -> SpanRecord:
    """Return Claude Code's span of `claude_request`: it tells neither cost nor lifetimes."""
    told: dict[str, Any] = {
        "span.type": "llm_request",
        "model": "claude-sonnet-4-5-20250929",
        "gen_ai.system": "anthropic",
        "gen_ai.request.model": "claude-sonnet-4-5-20250929",
        "input_tokens": 10,
        "output_tokens": 20,
        "cache_read_tokens": 1000,
        "cache_creation_tokens": 300,
        "request_id": "req_011",
        "gen_ai.response.id": "req_011",
        "success": True,
    }
    return _claude_span("claude_code.llm_request", 2, told, **fields)


def claude_interaction(**fields: Any) -> SpanRecord:
    """Return the span of one prompt, the run."""
    return _claude_span("claude_code.interaction", 1, {"span.type": "interaction"}, **fields)


def claude_tool_span(**fields: Any) -> SpanRecord:
    """Return the span of `claude_tool`: it does not know whether the tool failed."""
    told = {"span.type": "tool", "tool_name": "Bash", "tool_use_id": "toolu_01"}
    return _claude_span("claude_code.tool", 3, told, **fields)


def _claude_span(name: str, number: int, told: dict[str, Any], **fields: Any) -> SpanRecord:
    changes = fields.pop("attributes", {})
    kept = {key: value for key, value in (told | changes).items() if value is not None}
    scope = {"scope_name": "com.anthropic.claude_code.tracing", "resource": CLAUDE}
    return span(name, number, kept, **(scope | fields))


def codex_span(**fields: Any) -> SpanRecord:
    """Return the span in which Codex handles the end of `codex_response`; it names no model."""
    told = {
        "gen_ai.usage.input_tokens": 1200,
        "gen_ai.usage.cache_read.input_tokens": 1000,
        "gen_ai.usage.output_tokens": 90,
        "codex.usage.reasoning_output_tokens": 64,
        "codex.usage.total_tokens": 1290,
    }
    after = {"start_ns": NOW_NS + 3 * MS_NS, "end_ns": NOW_NS + 20 * MS_NS}
    scope = {"scope_name": "codex_cli_rs", "resource": CODEX_SPANS}
    return span("completed", 4, told, **(after | scope | fields))


def gemini_span(**fields: Any) -> SpanRecord:
    """Return Gemini CLI's span of `gemini_response`: its output leaves out the thoughts."""
    told = {
        "gen_ai.operation.name": "llm_call",
        "gen_ai.agent.name": "gemini-cli",
        "gen_ai.request.model": "gemini-2.5-pro",
        "gen_ai.usage.input_tokens": 500,
        "gen_ai.usage.output_tokens": 20,
    }
    return span("llm_call", 5, told, **({"scope_name": "gemini-cli", "resource": GEMINI} | fields))


def gemini_tool_span(**fields: Any) -> SpanRecord:
    """Return Gemini CLI's span of `gemini_tool`, which has an id."""
    told = {
        "gen_ai.operation.name": "tool_call",
        "gen_ai.agent.name": "gemini-cli",
        "gen_ai.tool.name": "read_file",
        "gen_ai.tool.call_id": "read_file-1",
    }
    scope = {"scope_name": "gemini-cli", "resource": GEMINI}
    return span("tool_call", 6, told, **(scope | fields))
