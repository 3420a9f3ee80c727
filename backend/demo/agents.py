"""Two agents in a tool-calling loop over the official OpenAI client, and the tasks of one round.

The model calls are traced by OpenTelemetry's own instrumentation of the client; the agents and
their tools by `otel_bridge.agent` and `otel_bridge.tool`. Nothing here knows a price or a token.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from openai import OpenAI, OpenAIError
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.chat import (
    ChatCompletionAssistantMessageParam,
    ChatCompletionMessage,
    ChatCompletionMessageFunctionToolCall,
    ChatCompletionMessageFunctionToolCallParam,
    ChatCompletionMessageParam,
    ChatCompletionToolMessageParam,
    ChatCompletionToolParam,
)

import otel_bridge
from backend.demo import script
from backend.demo.tools import CURRENCY, HANDBOOK, WEATHER, Tool

_MOST_TURNS = 6


@dataclass(frozen=True, slots=True)
class Agent:
    """A name, a model, what it is told to be, and what it can do."""

    name: str
    model: str
    instructions: str
    tools: tuple[Tool, ...]
    streams: bool = False


@dataclass(frozen=True, slots=True)
class Task:
    """A question for an agent."""

    agent: Agent
    question: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a task: the agent's answer, or why its run failed."""

    task: Task
    text: str
    ok: bool


TRAVEL = Agent("travel-agent", "gpt-4o-mini", "You plan trips. Use the tools.", (WEATHER, CURRENCY))
SUPPORT = Agent(
    "support-agent", "gpt-4o", "You answer customers of a shop.", (HANDBOOK,), streams=True
)
ANALYST = Agent("support-agent", "o4-mini", "You compare offers.", (HANDBOOK,))

ROUND = (
    Task(TRAVEL, script.PLAN_A_TRIP),
    Task(TRAVEL, script.LOST_CITY),
    Task(SUPPORT, script.REFUND_POLICY),
    Task(ANALYST, script.COMPARE_PLANS),
    Task(SUPPORT, script.WHOLE_ARCHIVE),
)


def run_round(client: OpenAI, model: str | None = None) -> Iterator[Outcome]:
    """Run every task of a round, one after the other, and yield what came of each.

    `model` replaces the models of the agents, for servers that do not have them.
    """
    for task in ROUND:
        try:
            text = run_agent(client, task.agent, task.question, model=model)
        except OpenAIError as error:
            yield Outcome(task, str(error), ok=False)
        else:
            yield Outcome(task, text, ok=True)


def run_agent(client: OpenAI, agent: Agent, question: str, *, model: str | None = None) -> str:
    """Return the agent's answer; raises OpenAIError where the model call fails."""
    messages: list[ChatCompletionMessageParam] = [
        {"role": "system", "content": agent.instructions},
        {"role": "user", "content": question},
    ]
    with otel_bridge.agent(agent.name):
        for _ in range(_MOST_TURNS):
            message = _ask(client, agent, messages, model or agent.model)
            calls = _function_calls(message)
            if not calls:
                return message.content or ""
            messages.append(_as_param(message, calls))
            messages.extend(_answer(agent, call) for call in calls)
    return f"no answer after {_MOST_TURNS} turns"


def _ask(
    client: OpenAI, agent: Agent, messages: list[ChatCompletionMessageParam], model: str
) -> ChatCompletionMessage:
    """Return the model's next message, streamed where the agent streams."""
    tools = [_tool_param(tool) for tool in agent.tools]
    if not agent.streams:
        completion = client.chat.completions.create(model=model, messages=messages, tools=tools)
        return completion.choices[0].message
    stream = client.chat.completions.create(
        model=model,
        messages=messages,
        tools=tools,
        stream=True,
        stream_options={"include_usage": True},
    )
    state = ChatCompletionStreamState(input_tools=tools)
    for chunk in stream:
        state.handle_chunk(chunk)
    return state.get_final_completion().choices[0].message


def _answer(
    agent: Agent, call: ChatCompletionMessageFunctionToolCall
) -> ChatCompletionToolMessageParam:
    """Run the tool that the model asked for; what goes wrong is told to the model."""
    try:
        content = _run_tool(agent, call)
    except (LookupError, TypeError, ValueError) as error:
        content = f"Error: {error}"
    return {"role": "tool", "tool_call_id": call.id, "content": content}


def _run_tool(agent: Agent, call: ChatCompletionMessageFunctionToolCall) -> str:
    with otel_bridge.tool(call.function.name):
        tool = {tool.name: tool for tool in agent.tools}[call.function.name]
        return tool.run(**json.loads(call.function.arguments))


def _function_calls(
    message: ChatCompletionMessage,
) -> list[ChatCompletionMessageFunctionToolCall]:
    return [call for call in message.tool_calls or () if call.type == "function"]


def _as_param(
    message: ChatCompletionMessage, calls: list[ChatCompletionMessageFunctionToolCall]
) -> ChatCompletionAssistantMessageParam:
    """Return the model's message as the next request repeats it."""
    return {
        "role": "assistant",
        "content": message.content,
        "tool_calls": [_call_param(call) for call in calls],
    }


def _call_param(
    call: ChatCompletionMessageFunctionToolCall,
) -> ChatCompletionMessageFunctionToolCallParam:
    function = call.function
    return {
        "id": call.id,
        "type": "function",
        "function": {"name": function.name, "arguments": function.arguments},
    }


def _tool_param(tool: Tool) -> ChatCompletionToolParam:
    return {
        "type": "function",
        "function": {
            "name": tool.name,
            "description": tool.description,
            "parameters": dict(tool.parameters),
        },
    }
