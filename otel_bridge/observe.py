"""Agents, model calls and tools by hand: ordinary OpenTelemetry GenAI spans around your code."""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import AsyncGenerator, Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from contextvars import Token
from decimal import Decimal
from types import TracebackType
from typing import Any, ParamSpec, TypeVar, cast

from opentelemetry import context, trace
from opentelemetry.trace import Span, SpanKind, StatusCode

from otel_bridge.harmless import harmless

_logger = logging.getLogger("otel_bridge")

P = ParamSpec("P")
R = TypeVar("R")

#: The instrumentation scope of spans made by hand.
SCOPE = "otel_bridge"

# A consumer that stops reading a generator, and a program that ends, are no failures.
_NO_FAILURES = (GeneratorExit, SystemExit)


class Observation:
    """A span around a `with` block, or around every call of the function it decorates.

    Functions may be plain or async, generators or async generators. As a decorator it makes a new
    span for each call (for a generator: from its first step to its last). `with` gives the
    OpenTelemetry span. Exceptions pass through unchanged and are recorded on the span.
    """

    def __init__(self, name: str, *, kind: SpanKind, attributes: Mapping[str, Any]) -> None:
        self._name = name
        self._kind = kind
        self._attributes = {key: value for key, value in attributes.items() if value is not None}
        self._entered: list[tuple[Span, Token[context.Context]]] = []

    def __enter__(self) -> Span:
        """Start the span, make it the current one and return it."""
        span = self._start()
        self._entered.append((span, context.attach(trace.set_span_in_context(span))))
        return span

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the span; an exception is recorded and goes on."""
        span, token = self._entered.pop()
        context.detach(token)
        if error is not None:
            record_failure(span, error)
        span.end()

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """Return the function with a span around each call."""
        wrapper: Callable[..., Any]
        if inspect.isasyncgenfunction(function):
            wrapper = self._around_async_generator(function)
        elif inspect.isgeneratorfunction(function):
            wrapper = self._around_generator(function)
        elif inspect.iscoroutinefunction(function):
            wrapper = self._around_coroutine(function)
        else:
            wrapper = self._around_call(function)
        return cast(Callable[P, R], functools.wraps(function)(wrapper))

    def _start(self) -> Span:
        tracer = trace.get_tracer(SCOPE)
        return tracer.start_span(self._name, kind=self._kind, attributes=self._attributes)

    @contextmanager
    def _once(self) -> Iterator[None]:
        """Put one span around a call; unlike `with self`, calls may overlap in any number."""
        span = self._start()
        with _ended_after(span), _current(span):
            yield

    def _around_call(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            with self._once():
                return function(*args, **kwargs)

        return call

    def _around_coroutine(self, function: Callable[..., Any]) -> Callable[..., Any]:
        async def call(*args: Any, **kwargs: Any) -> Any:
            with self._once():
                return await function(*args, **kwargs)

        return call

    def _around_generator(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def steps(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
            span = self._start()
            with _ended_after(span):
                return (yield from _steps(function(*args, **kwargs), span))

        return steps

    def _around_async_generator(self, function: Callable[..., Any]) -> Callable[..., Any]:
        async def steps(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
            span = self._start()
            generator = function(*args, **kwargs)
            step: Callable[[], Any] = generator.__anext__
            with _ended_after(span):
                try:
                    while True:
                        with _current(span):
                            value = await step()
                        try:
                            sent = yield value
                        except GeneratorExit:
                            raise
                        except BaseException as error:  # noqa: BLE001 - handed on to the generator
                            step = functools.partial(generator.athrow, error)
                        else:
                            step = functools.partial(generator.asend, sent)
                except StopAsyncIteration:
                    return
                finally:
                    with _current(span):
                        await generator.aclose()

        return steps


def agent(name: str, *, agent_id: str | None = None, session: str | None = None) -> Observation:
    """Return a span of an agent at work: the outermost one is a run, an inner one an action."""
    attributes = {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.name": name,
        "gen_ai.agent.id": agent_id,
        "gen_ai.conversation.id": session,
    }
    return Observation(f"invoke_agent {name}", kind=SpanKind.INTERNAL, attributes=attributes)


def llm_call(*, model: str, provider: str | None = None, operation: str = "chat") -> Observation:
    """Return a span of one request to a model; tell its tokens with `record_usage` inside it.

    `operation` is one of `gen_ai.operation.name`, such as `chat` or `embeddings`.
    """
    attributes = {
        "gen_ai.operation.name": operation,
        "gen_ai.request.model": model,
        "gen_ai.provider.name": provider,
    }
    return Observation(f"{operation} {model}", kind=SpanKind.CLIENT, attributes=attributes)


def tool(name: str, *, call_id: str | None = None) -> Observation:
    """Return a span of one execution of a tool."""
    attributes = {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": name,
        "gen_ai.tool.call.id": call_id,
    }
    return Observation(f"execute_tool {name}", kind=SpanKind.INTERNAL, attributes=attributes)


@harmless
def record_usage(
    *,
    tokens_in: int | None = None,
    tokens_out: int | None = None,
    tokens_cache_read: int | None = None,
    tokens_cache_write: int | None = None,
    tokens_reasoning: int | None = None,
    cost_usd: Decimal | float | None = None,
    model: str | None = None,
    response_id: str | None = None,
    finish_reason: str | None = None,
    span: Span | None = None,
) -> None:
    """Write what a model answered onto `span`, by default the current one.

    `tokens_in` includes cached tokens, `tokens_out` includes reasoning; `model` is the model that
    answered.
    """
    said = {
        "gen_ai.usage.input_tokens": tokens_in,
        "gen_ai.usage.output_tokens": tokens_out,
        "gen_ai.usage.cache_read.input_tokens": tokens_cache_read,
        "gen_ai.usage.cache_creation.input_tokens": tokens_cache_write,
        "gen_ai.usage.reasoning.output_tokens": tokens_reasoning,
        "otel_bridge.cost_usd": None if cost_usd is None else str(cost_usd),
        "gen_ai.response.model": model,
        "gen_ai.response.id": response_id,
        "gen_ai.response.finish_reasons": None if finish_reason is None else [finish_reason],
    }
    target = trace.get_current_span() if span is None else span
    for key, value in said.items():
        if value is not None:
            target.set_attribute(key, value)


def record_failure(span: Span, error: BaseException) -> None:
    """Write an exception onto a span as OpenTelemetry does: status, `error.type`, an event."""
    if isinstance(error, _NO_FAILURES):
        return
    try:
        span.set_attribute("error.type", _type_name(error))
        span.set_status(StatusCode.ERROR, str(error) or type(error).__name__)
        span.record_exception(error)
    except Exception:  # the program's own exception is on its way, and ours must not replace it
        _logger.debug("an exception could not be recorded", exc_info=True)


def _type_name(error: BaseException) -> str:
    cls = type(error)
    module = "" if cls.__module__ == "builtins" else f"{cls.__module__}."
    return module + cls.__qualname__


@contextmanager
def _ended_after(span: Span) -> Iterator[None]:
    try:
        yield
    except BaseException as error:
        record_failure(span, error)
        raise
    finally:
        span.end()


@contextmanager
def _current(span: Span) -> Iterator[None]:
    token = context.attach(trace.set_span_in_context(span))
    try:
        yield
    finally:
        context.detach(token)


def _steps(generator: Generator[Any, Any, Any], span: Span) -> Generator[Any, Any, Any]:
    """Yield what the generator yields; the span is the current one only inside its steps."""
    step: Callable[[], Any] = functools.partial(next, generator)
    try:
        while True:
            with _current(span):
                try:
                    value = step()
                except StopIteration as end:
                    return end.value
            try:
                sent = yield value
            except GeneratorExit:
                raise
            except BaseException as error:  # noqa: BLE001 - handed on to the generator
                step = functools.partial(generator.throw, error)
            else:
                step = functools.partial(generator.send, sent)
    finally:
        with _current(span):
            generator.close()
