"""Pydantic AI with its own instrumentation; the Anthropic client traces itself below it."""

from __future__ import annotations

import asyncio
import sys

import scenario
from pydantic_ai import Agent, InstrumentationSettings

OPENAI = ("openai-chat:gpt-4o-mini", "openai-responses:o4-mini")
ANTHROPIC = ("anthropic:claude-sonnet-4-5", "anthropic:claude-sonnet-4-5")


async def _play(model: str, other_model: str) -> None:
    expert = Agent(other_model, name="expert")

    async def ask_expert(city: str) -> str:
        """Ask the expert about a city."""
        scenario.write_down(tool="ask_expert", ok=True)
        answer = await expert.run(f"What about {city}?")
        return answer.output

    tools = [scenario.get_weather, scenario.get_time, scenario.read_sensor, ask_expert]
    with scenario.run("weather-agent"):
        await Agent(model, name="weather-agent", tools=tools).run(scenario.TWO_TOOLS)
    with scenario.run("sensor-agent", fails=True):
        await Agent(model, name="sensor-agent", tools=tools).run(scenario.BROKEN_TOOL)
    with scenario.run("doomed-agent", fails=True):
        await Agent(model, name="doomed-agent").run(scenario.REFUSED)
    with scenario.run("boss"):
        await Agent(model, name="boss", tools=tools).run("Use ask_expert.")
    with scenario.run("streaming-agent"):
        thinker = Agent(other_model, name="streaming-agent")
        async with thinker.run_stream(scenario.SHORT) as stream:
            await stream.get_output()


with scenario.observed() as provider:
    Agent.instrument_all(InstrumentationSettings(tracer_provider=provider))
    asyncio.run(_play(*(ANTHROPIC if "anthropic" in sys.argv else OPENAI)))
