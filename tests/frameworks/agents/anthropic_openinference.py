"""The Anthropic client, which traces itself, under OpenInference as well."""

from __future__ import annotations

import scenario
from anthropic import Anthropic
from openinference.instrumentation.anthropic import AnthropicInstrumentor

import otel_bridge

TOOLS = (scenario.get_weather, scenario.get_time, scenario.read_sensor)


def _play() -> None:
    client = Anthropic()
    with scenario.run("weather-agent"), otel_bridge.agent("weather-agent"):
        _answer(client, scenario.TWO_TOOLS)
    with scenario.run("sensor-agent"), otel_bridge.agent("sensor-agent"):
        _answer(client, scenario.BROKEN_TOOL)
    with scenario.run("doomed-agent", fails=True), otel_bridge.agent("doomed-agent"):
        _answer(client, scenario.REFUSED)
    with scenario.run("streaming-agent"), otel_bridge.agent("streaming-agent"):
        _stream(client)
    client.messages.create(model=scenario.CLAUDE, max_tokens=500, messages=_said(scenario.SHORT))


def _stream(client: Anthropic) -> None:
    request = {"model": scenario.CLAUDE, "max_tokens": 500, "messages": _said(scenario.SHORT)}
    with client.messages.stream(**request) as stream:
        stream.get_final_message()


def _answer(client: Anthropic, question: str) -> None:
    messages = _said(question)
    while True:
        message = client.messages.create(
            model=scenario.CLAUDE,
            max_tokens=500,
            messages=messages,
            tools=[_schema(tool.__name__) for tool in TOOLS],
        )
        uses = [block for block in message.content if block.type == "tool_use"]
        if not uses:
            return
        messages.append({"role": "assistant", "content": message.content})
        messages.append({"role": "user", "content": [_use(block) for block in uses]})


def _use(block: object) -> dict[str, object]:
    run = {tool.__name__: tool for tool in TOOLS}[block.name]
    answer = {"type": "tool_result", "tool_use_id": block.id}
    try:
        with otel_bridge.tool(block.name):
            return answer | {"content": run(**block.input)}
    except RuntimeError as error:
        return answer | {"content": str(error), "is_error": True}


def _said(question: str) -> list[dict[str, object]]:
    return [{"role": "user", "content": question}]


def _schema(name: str) -> dict[str, object]:
    return {
        "name": name,
        "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}},
    }


with scenario.observed() as provider:
    AnthropicInstrumentor().instrument(tracer_provider=provider)
    _play()
