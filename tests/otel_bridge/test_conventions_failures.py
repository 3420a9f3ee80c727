"""Which spans failed, and which only look so."""

from __future__ import annotations

from typing import Any

import pytest

from otel_bridge.record import SpanEvent
from tests.otel_bridge.told import exception, facts


def test_a_failure_is_told_with_message_and_type() -> None:
    exception = SpanEvent(
        "exception", 1, {"exception.type": "TimeoutError", "exception.message": "too slow"}
    )
    told = facts(
        {"gen_ai.operation.name": "chat"}, status_code="error", events=(exception, exception)
    )
    assert (told.failed, told.error, told.error_type) == (True, "too slow", "TimeoutError")


def test_an_error_type_without_a_status_is_a_failure_unless_the_span_says_ok() -> None:
    attributes = {"gen_ai.operation.name": "chat", "error.type": "429"}
    assert facts(attributes).failed
    assert not facts(attributes, status_code="ok").failed


CHAT = {"gen_ai.operation.name": "chat"}
TOOL = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "t"}
AGENT = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "a"}


@pytest.mark.parametrize(
    ("attributes", "scope"),
    [
        ({"langfuse.observation.type": "generation", "langfuse.observation.level": "ERROR"}, ""),
        ({**CHAT, "outcome": "ERROR"}, "langchain4j"),
        ({**TOOL, "gen_ai.tool.status": "error"}, "strands.telemetry.tracer"),
        ({**AGENT, "gen_ai.task.status": "failure"}, "opentelemetry.instrumentation.langchain"),
        ({**CHAT, "logfire.span_type": "span", "logfire.level_num": 17}, "logfire.openai"),
        ({**CHAT, "gen_ai.response.finish_reasons": ["error"]}, "@mastra/otel-exporter"),
        ({**CHAT, "gen_ai.response.finish_reasons": '["error"]'}, "@mastra/otel-exporter"),
    ],
)
def test_a_failure_may_be_told_by_an_attribute_alone(
    attributes: dict[str, Any], scope: str
) -> None:
    assert facts(attributes, scope=scope).failed


def test_a_call_that_ended_in_error_failed_though_its_status_is_ok() -> None:
    told = facts({**CHAT, "gen_ai.response.finish_reasons": ["error"]}, status_code="ok")
    assert told.failed


@pytest.mark.parametrize(
    "kind",
    [
        "ParentCommand",
        "langgraph.errors.ParentCommand",
        "langgraph.errors.GraphInterrupt",
        "GraphBubbleUp",
        "pydantic_ai.exceptions.CallDeferred",
        "GeneratorExit",
        "asyncio.exceptions.CancelledError",
    ],
)
def test_what_only_steers_is_no_failure(kind: str) -> None:
    assert not facts(TOOL, status_code="error", events=(exception(kind),)).failed
    assert not facts(AGENT | {"error.type": kind}, status_code="error").failed


@pytest.mark.parametrize(
    ("message", "failed"),
    [
        ("ParentCommand(Command(goto='sub_agent'))", False),
        ("langgraph.errors.GraphInterrupt: ()", False),
        ("Traceback (most recent call last):\n  File x\n    y\nParentCommand: Command()", False),
        ("ValueError: no ParentCommand here", True),
        ("Traceback (most recent call last):\n  File x\nValueError: ParentCommand", True),
        ("", True),
    ],
)
def test_the_status_message_may_name_what_only_steers(message: str, failed: bool) -> None:
    assert facts(AGENT, status_code="error", status_message=message).failed is failed


def test_an_exception_beside_a_good_status_is_no_failure() -> None:
    assert not facts(CHAT, status_code="ok", events=(exception("TimeoutError"),)).failed


def test_an_exception_without_a_status_fails_a_call_without_an_answer_only() -> None:
    tried = (exception("TimeoutError", "too slow"),)
    assert facts(CHAT, events=tried).error == "too slow"
    assert facts(TOOL, events=tried).failed
    assert not facts(CHAT | {"gen_ai.usage.input_tokens": 5}, events=tried).failed
    assert not facts(AGENT, events=tried).failed


def test_a_failure_that_a_processor_copied_onto_an_answered_call_is_none() -> None:
    answered = {
        **CHAT,
        "gen_ai.response.id": "chatcmpl-1",
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.usage.input_tokens": 5,
    }
    assert not facts(answered, status_code="error", status_message="tool exploded").failed
    own = (exception("ParseError"),)
    assert facts(answered, status_code="error", events=own).failed
    assert facts(CHAT, status_code="error", status_message="tool exploded").failed


def test_a_failed_tool_of_haystack_tells_so_in_its_output_only() -> None:
    def failed(output: str) -> bool:
        tool = {"haystack.tool.name": "t", "haystack.agent.step.tool.output": output}
        return facts(tool, name="haystack.agent.step.tool").failed

    assert failed('{"error": "Failed to invoke Tool `t` with parameters {}. Error: exploded"}')
    assert not failed('{"error": "none", "answer": 42}')
    assert not failed("18C and sunny in Paris")
