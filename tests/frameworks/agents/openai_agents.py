"""The OpenAI Agents SDK under OpenInference, with a handoff."""

from __future__ import annotations

import asyncio

import scenario
from agents import Agent, Runner, function_tool
from openinference.instrumentation.openai_agents import OpenAIAgentsInstrumentor

TOOLS = [
    function_tool(tool) for tool in (scenario.get_weather, scenario.get_time, scenario.read_sensor)
]


async def _play() -> None:
    weather = _agent("weather-agent", tools=TOOLS)
    with scenario.run("weather-agent"):
        await Runner.run(weather, scenario.TWO_TOOLS)
    with scenario.run("sensor-agent"):
        await Runner.run(_agent("sensor-agent", tools=TOOLS), scenario.BROKEN_TOOL)
    with scenario.run("doomed-agent", fails=True):
        await Runner.run(_agent("doomed-agent"), scenario.REFUSED)
    with scenario.run("front-desk"):
        question = "Use transfer_to_weather_agent, then get_weather."
        await Runner.run(_agent("front-desk", handoffs=[weather]), question)
    with scenario.run("streaming-agent"):
        thinker = _agent("streaming-agent", model=scenario.THINKER)
        async for _ in Runner.run_streamed(thinker, scenario.SHORT).stream_events():
            pass


def _agent(name: str, *, model: str = scenario.MODEL, **more: object) -> Agent:
    return Agent(name, model=model, **more)


with scenario.observed() as provider:
    OpenAIAgentsInstrumentor().instrument(tracer_provider=provider)
    asyncio.run(_play())
