"""LangChain's `create_agent` on LangGraph under OpenInference."""

from __future__ import annotations

import sys

import scenario
from langchain.agents import create_agent
from langchain_openai import ChatOpenAI
from openinference.instrumentation.langchain import LangChainInstrumentor
from openinference.instrumentation.openai import OpenAIInstrumentor


def _play() -> None:
    model = ChatOpenAI(model=scenario.MODEL)
    thinker = ChatOpenAI(model=scenario.THINKER, streaming=True, stream_usage=True)
    tools = [scenario.get_weather, scenario.get_time, scenario.read_sensor]
    with scenario.run("weather-agent"):
        _ask(create_agent(model, tools, name="weather-agent"), scenario.TWO_TOOLS)
    with scenario.run("sensor-agent", fails=True):
        _ask(create_agent(model, tools, name="sensor-agent"), scenario.BROKEN_TOOL)
    with scenario.run("doomed-agent", fails=True):
        _ask(create_agent(model, [], name="doomed-agent"), scenario.REFUSED)
    with scenario.run("boss"):
        expert = create_agent(model, [], name="expert")

        def ask_weather_agent(city: str) -> str:
            """Ask the expert about a city."""
            scenario.write_down(tool="ask_weather_agent", ok=True)
            return _ask(expert, f"What about {city}?")

        _ask(create_agent(model, [ask_weather_agent], name="boss"), "Use ask_weather_agent.")
    # One of the two calls reads from the cache, which decides whose span tells more.
    for _ in range(2):
        with scenario.run("streaming-agent"):
            list(create_agent(thinker, [], name="streaming-agent").stream(_said(scenario.SHORT)))
    model.batch([scenario.SHORT] * 4)


def _ask(agent: object, question: str) -> str:
    return agent.invoke(_said(question))["messages"][-1].text


def _said(question: str) -> dict[str, object]:
    return {"messages": [{"role": "user", "content": question}]}


with scenario.observed() as provider:
    LangChainInstrumentor().instrument(tracer_provider=provider)
    if "with-openai" in sys.argv:
        OpenAIInstrumentor().instrument(tracer_provider=provider)
    _play()
