"""An agent by hand over the OpenAI client, for tracers that trace the client alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager

import scenario
from openai import OpenAI

Span = Callable[[str], AbstractContextManager[object]]

TOOLS = (scenario.get_weather, scenario.get_time, scenario.read_sensor)


def play(*, agent: Span, tool: Span, responses: bool = True) -> None:
    """Play the scenario; `agent` and `tool` open the spans that a program makes by itself.

    Without `responses` there is none of the calls that some tracers do not trace.
    """
    client = OpenAI()
    with scenario.run("weather-agent"), agent("weather-agent"):
        _answer(client, scenario.TWO_TOOLS, tool)
    with scenario.run("sensor-agent"), agent("sensor-agent"):
        _answer(client, scenario.BROKEN_TOOL, tool)
    with scenario.run("doomed-agent", fails=True), agent("doomed-agent"):
        _answer(client, scenario.REFUSED, tool)
    with scenario.run("streaming-agent"), agent("streaming-agent"):
        _stream(client, stream_options={"include_usage": True})
        _stream(client)
    client.chat.completions.create(model=scenario.MODEL, messages=_messages(scenario.SHORT))
    if responses:
        client.responses.create(model=scenario.THINKER, input=scenario.SHORT)
    client.embeddings.create(model="text-embedding-3-small", input=scenario.SHORT)


def _messages(question: str) -> list[dict[str, object]]:
    return [{"role": "user", "content": question}]


def _answer(client: OpenAI, question: str, tool: Span) -> None:
    messages = _messages(question)
    while True:
        done = client.chat.completions.create(
            model=scenario.MODEL, messages=messages, tools=[_schema(one.__name__) for one in TOOLS]
        )
        message = done.choices[0].message
        if not message.tool_calls:
            return
        messages.append(message.model_dump(exclude_none=True))
        for call in message.tool_calls:
            content = _use(call.function.name, json.loads(call.function.arguments), tool)
            messages.append({"role": "tool", "tool_call_id": call.id, "content": content})


def _use(name: str, arguments: dict[str, str], tool: Span) -> str:
    run = {one.__name__: one for one in TOOLS}[name]
    try:
        with tool(name):
            return run(**arguments)
    except RuntimeError as error:
        return f"Error: {error}"


def _stream(client: OpenAI, **options: object) -> None:
    stream = client.chat.completions.create(
        model=scenario.THINKER, messages=_messages(scenario.SHORT), stream=True, **options
    )
    for _ in stream:
        pass


def _schema(name: str) -> dict[str, object]:
    parameters = {"type": "object", "properties": {"city": {"type": "string"}}}
    return {"type": "function", "function": {"name": name, "parameters": parameters}}
