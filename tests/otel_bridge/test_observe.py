from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from decimal import Decimal
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from otel_bridge.observe import agent, llm_call, record_usage, tool


class Spans:
    """The spans that were finished, by name."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()

    @property
    def names(self) -> list[str]:
        return [span.name for span in self.exporter.get_finished_spans()]

    def __getitem__(self, name: str) -> ReadableSpan:
        (found,) = [one for one in self.exporter.get_finished_spans() if one.name == name]
        return found


@pytest.fixture
def spans(no_global_provider: Callable[[TracerProvider], None]) -> Iterator[Spans]:
    spans = Spans()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(spans.exporter))
    no_global_provider(provider)
    yield spans
    assert trace.get_current_span() is trace.INVALID_SPAN
    provider.shutdown()


def test_with_blocks_make_genai_spans_that_stand_below_each_other(spans: Spans):
    with agent("planner", session="s1"):
        with llm_call(model="gpt-4o", provider="openai"):
            record_usage(
                tokens_in=10,
                tokens_out=5,
                tokens_cache_read=4,
                tokens_cache_write=3,
                tokens_reasoning=2,
                model="gpt-4o-2024",
                response_id="r1",
                finish_reason="stop",
            )
        with tool("search", call_id="c1"):
            pass
    planner, chat, search = (
        spans["invoke_agent planner"],
        spans["chat gpt-4o"],
        spans["execute_tool search"],
    )
    assert planner.attributes == {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.name": "planner",
        "gen_ai.conversation.id": "s1",
    }
    assert chat.kind is SpanKind.CLIENT
    assert chat.attributes == {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.provider.name": "openai",
        "gen_ai.usage.input_tokens": 10,
        "gen_ai.usage.output_tokens": 5,
        "gen_ai.usage.cache_read.input_tokens": 4,
        "gen_ai.usage.cache_creation.input_tokens": 3,
        "gen_ai.usage.reasoning.output_tokens": 2,
        "gen_ai.response.model": "gpt-4o-2024",
        "gen_ai.response.id": "r1",
        "gen_ai.response.finish_reasons": ("stop",),
    }
    assert search.attributes == {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "search",
        "gen_ai.tool.call.id": "c1",
    }
    assert chat.parent == search.parent == planner.context
    assert planner.status.status_code is StatusCode.UNSET


def test_an_exception_goes_through_unchanged_and_is_recorded(spans: Spans):
    error = LookupError("no such tool")
    with pytest.raises(LookupError) as raised, tool("search"):
        raise error
    assert raised.value is error
    span = spans["execute_tool search"]
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, "no such tool")
    assert span.attributes is not None
    assert span.attributes["error.type"] == "LookupError"
    assert [event.name for event in span.events] == ["exception"]


def test_an_exception_that_cannot_even_be_printed_goes_through_unchanged(spans: Spans):
    class UnprintableError(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no text")

    with pytest.raises(UnprintableError), tool("search"):
        raise UnprintableError
    assert spans.names == ["execute_tool search"]


def test_a_program_that_ends_is_no_failure(spans: Spans):
    with pytest.raises(SystemExit), agent("planner"):
        raise SystemExit(0)
    assert spans["invoke_agent planner"].status.status_code is StatusCode.UNSET


def test_a_decorated_function_makes_one_span_per_call_and_keeps_its_face(spans: Spans):
    @tool("add")
    def add(first: int, second: int = 1) -> int:
        """Add."""
        assert trace.get_current_span().is_recording()
        return first + second

    assert add(1, second=2) == 3
    assert add(1) == 2
    assert spans.names == ["execute_tool add"] * 2
    assert (add.__name__, add.__doc__) == ("add", "Add.")


def test_a_decorated_function_may_call_itself(spans: Spans):
    @agent("countdown")
    def countdown(number: int) -> int:
        return 0 if number == 0 else countdown(number - 1)

    assert countdown(2) == 0
    inner, middle, outer = spans.exporter.get_finished_spans()
    assert (inner.parent, middle.parent, outer.parent) == (middle.context, outer.context, None)


def test_async_functions_that_run_at_once_have_a_span_each(spans: Spans):
    @agent("worker")
    async def work(number: int) -> int:
        await asyncio.sleep(0)
        with llm_call(model=f"m{number}"):
            await asyncio.sleep(0)
        return number

    async def both() -> tuple[int, int]:
        return await asyncio.gather(work(1), work(2))

    assert inspect.iscoroutinefunction(work)
    assert list(asyncio.run(both())) == [1, 2]
    first, second = (s for s in spans.exporter.get_finished_spans() if "agent" in s.name)
    parents = [spans["chat m1"].parent, spans["chat m2"].parent]
    assert parents in ([first.context, second.context], [second.context, first.context])


def test_a_cancelled_task_has_failed(spans: Spans):
    @agent("slow")
    async def slow() -> None:
        await asyncio.Event().wait()

    async def cancel() -> None:
        task = asyncio.create_task(slow())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel())
    span = spans["invoke_agent slow"]
    assert span.status.status_code is StatusCode.ERROR
    assert span.attributes is not None
    assert span.attributes["error.type"] == "asyncio.exceptions.CancelledError"


@llm_call(model="stream")
def _stream(values: int) -> Generator[int, str, str]:
    said = ""
    for value in range(values):
        assert trace.get_current_span().is_recording()
        said += (yield value) or "-"
    record_usage(tokens_out=values)
    return said


def test_a_generator_is_one_span_from_its_first_step_to_its_last(spans: Spans):
    assert inspect.isgeneratorfunction(_stream)
    stream = _stream(3)
    assert spans.names == []
    for _ in stream:
        # Between the steps the consumer is not inside of the call.
        assert trace.get_current_span() is trace.INVALID_SPAN
    attributes = spans["chat stream"].attributes
    assert attributes is not None
    assert attributes["gen_ai.usage.output_tokens"] == 3


def test_what_is_sent_into_a_generator_and_what_it_returns_pass_through(spans: Spans):
    stream = _stream(2)
    assert next(stream) == 0
    assert stream.send("a") == 1
    with pytest.raises(StopIteration) as stop:
        stream.send("b")
    assert stop.value.value == "ab"
    assert spans["chat stream"].status.status_code is StatusCode.UNSET


def test_what_is_thrown_into_a_generator_is_raised_inside_of_it(spans: Spans):
    @tool("patient")
    def patient() -> Generator[str, None, None]:
        try:
            yield "first"
        except ValueError:
            yield "caught"

    stream = patient()
    assert next(stream) == "first"
    assert stream.throw(ValueError("x")) == "caught"
    assert list(stream) == []
    assert spans["execute_tool patient"].status.status_code is StatusCode.UNSET


def test_a_generator_that_fails_has_failed_and_one_that_is_left_has_not(spans: Spans):
    @tool("broken")
    def broken() -> Generator[int, None, None]:
        yield 1
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        list(broken())
    assert spans["execute_tool broken"].status.status_code is StatusCode.ERROR

    stream = _stream(3)
    next(stream)
    stream.close()
    assert spans["chat stream"].status.status_code is StatusCode.UNSET


@llm_call(model="astream")
async def _async_stream(values: int) -> AsyncGenerator[int, str | None]:
    for value in range(values):
        assert trace.get_current_span().is_recording()
        await asyncio.sleep(0)
        yield value
    if values > 5:
        raise ValueError("too many")


def test_an_async_generator_is_one_span_too(spans: Spans):
    async def consume() -> list[int]:
        seen = []
        async for value in _async_stream(3):
            assert trace.get_current_span() is trace.INVALID_SPAN
            seen.append(value)
        return seen

    assert inspect.isasyncgenfunction(_async_stream)
    assert asyncio.run(consume()) == [0, 1, 2]
    assert spans["chat astream"].status.status_code is StatusCode.UNSET


def test_an_async_generator_that_fails_or_is_left_ends_its_span(spans: Spans):
    async def fail_and_leave() -> None:
        with pytest.raises(ValueError, match="too many"):
            [_ async for _ in _async_stream(6)]
        stream = _async_stream(3)
        await anext(stream)
        await stream.aclose()

    asyncio.run(fail_and_leave())
    failed, left = (span.status.status_code for span in spans.exporter.get_finished_spans())
    assert (failed, left) == (StatusCode.ERROR, StatusCode.UNSET)


@pytest.mark.parametrize(
    ("given", "written"), [(Decimal("0.250000001"), "0.250000001"), (0.5, "0.5"), (None, None)]
)
def test_a_cost_is_written_exactly(spans: Spans, given: Any, written: str | None):
    with llm_call(model="m"):
        record_usage(cost_usd=given)
    attributes = spans["chat m"].attributes
    assert attributes is not None
    assert attributes.get("otel_bridge.cost_usd") == written


@pytest.mark.usefixtures("no_global_provider")
def test_without_a_provider_everything_still_works():
    @tool("add")
    def add(first: int) -> int:
        return first + 1

    with agent("planner"):
        record_usage(tokens_in=1)
        assert add(1) == 2
