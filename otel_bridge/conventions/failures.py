"""Whether a span failed and why: what tracers write as errors, and what is none.

Sources: OpenTelemetry's rules for span status, `error.type` and exception events; the exceptions by
which LangGraph steers (`langgraph.errors`), by which Pydantic AI defers a tool, by which Python
tells that a client went away. Oddities: an exception event alone may tell of an attempt that was
mended, so it fails a call or a tool only where no answer tells of success.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from otel_bridge.conventions.plan import Plan
from otel_bridge.conventions.reading import first_listed_text, first_text
from otel_bridge.facts import Operation
from otel_bridge.record import SpanRecord

#: The last part of an exception's name, where it only steers.
_CONTROL_FLOW = frozenset(
    {
        "ParentCommand",
        "GraphInterrupt",
        "GraphBubbleUp",
        "NodeInterrupt",
        "CallDeferred",
        "ApprovalRequired",
        "GeneratorExit",
        "CancelledError",
    }
)
_NAME_AT_START = re.compile(r"(?:[\w]+\.)*([A-Za-z_]\w*)(?=[(:]|$)")
_FAILED_FINISH = "error"
_TRACEBACK = "Traceback (most recent call last)"


@dataclass(frozen=True, slots=True)
class Failure:
    """Whether the work failed, with message and type as far as they are told."""

    failed: bool
    message: str | None = None
    error_type: str | None = None


NO_FAILURE = Failure(failed=False)


def failure_of(record: SpanRecord, operation: Operation, plan: Plan) -> Failure:
    """Return whether the span failed, by its status, its attributes or its exceptions."""
    if record.status_code != "error" and not plan.keys.error_type and not record.events:
        return _marked(record, operation, plan)
    exception = next((e.attributes for e in record.events if e.name == "exception"), {})
    told_type = first_text(record.attributes, plan.keys.error_type)
    error_type = told_type or first_text(exception, ("exception.type",))
    if _is_control_flow(record, error_type):
        return NO_FAILURE
    is_told = record.status_code == "unset" and (
        told_type is not None or (bool(exception) and _is_unanswered(operation, plan))
    )
    if record.status_code != "error" and not is_told:
        return _marked(record, operation, plan)
    if not error_type and not exception and _is_answered_call(record, operation, plan):
        return NO_FAILURE
    message = (
        record.status_message
        or first_text(exception, ("exception.message",))
        or first_text(record.attributes, plan.keys.error)
        or error_type
    )
    return Failure(failed=True, message=message, error_type=error_type)


def _is_unanswered(operation: Operation, plan: Plan) -> bool:
    """Whether a call or a tool has an exception and nothing that tells of an answer."""
    if not operation.is_call and operation is not Operation.TOOL:
        return False
    has_usage = any(source.has_keys for source in plan.usage)
    return not (has_usage or plan.keys.output or plan.keys.response_id)


def _is_answered_call(record: SpanRecord, operation: Operation, plan: Plan) -> bool:
    """Whether a call tells its answer's id, usage and end: a processor copied another's failure."""
    if not operation.is_call or not plan.keys.response_id or not plan.keys.finish_reason:
        return False
    finish = first_listed_text(record.attributes, plan.keys.finish_reason)
    has_usage = any(source.has_keys for source in plan.usage)
    return has_usage and finish is not None and finish.lower() != _FAILED_FINISH


def _marked(record: SpanRecord, operation: Operation, plan: Plan) -> Failure:
    """Return the failure that an attribute tells in words of its own."""
    attributes = record.attributes
    is_marked = False
    for key, texts in plan.failed_when:
        is_marked = is_marked or str(attributes[key]).lower() in texts
    if not is_marked and operation.is_call and plan.keys.finish_reason:
        finish = first_listed_text(attributes, plan.keys.finish_reason)
        is_marked = finish is not None and finish.lower() == _FAILED_FINISH
    for tell in plan.failures:
        if message := tell(record, operation):
            return Failure(failed=True, message=message)
    if not is_marked:
        return NO_FAILURE
    return Failure(failed=True, message=first_text(attributes, plan.keys.error))


def _is_control_flow(record: SpanRecord, error_type: str | None) -> bool:
    if error_type is not None and error_type.rpartition(".")[2] in _CONTROL_FLOW:
        return True
    if error_type is not None or not record.status_message:
        return False
    found = _NAME_AT_START.match(_last_words(record.status_message))
    return found is not None and found.group(1) in _CONTROL_FLOW


def _last_words(message: str) -> str:
    """Return the message's first line, of a traceback the line that names the exception."""
    lines = message.strip().splitlines()
    if _TRACEBACK not in message:
        return lines[0].strip() if lines else ""
    last = max((n for n, line in enumerate(lines) if line.startswith((" ", "\t"))), default=-1)
    return lines[last + 1].strip() if last + 1 < len(lines) else ""
