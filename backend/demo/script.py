"""What the scripted model server answers: conversations, written down turn by turn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of one turn. `cached` is a part of `prompt`, `reasoning` of `completion`."""

    prompt: int
    completion: int
    cached: int = 0
    reasoning: int = 0


@dataclass(frozen=True, slots=True)
class ToolRequest:
    """A tool that the model asks for, with its arguments."""

    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """A turn that succeeds: a text, or tools to call. `latency_ms` is how long the model thinks."""

    tokens: Tokens
    text: str | None = None
    tools: tuple[ToolRequest, ...] = ()
    latency_ms: int = 40


@dataclass(frozen=True, slots=True)
class Failure:
    """A turn that fails with this HTTP status and OpenAI error code."""

    http_status: int
    code: str
    message: str


Turn = Answer | Failure


@dataclass(frozen=True, slots=True)
class Conversation:
    """A user's question and the model's turns, in order."""

    question: str
    turns: tuple[Turn, ...]


@dataclass(frozen=True, slots=True)
class Script:
    """All conversations that the server knows by their question."""

    conversations: tuple[Conversation, ...]

    def turn(self, messages: Sequence[Mapping[str, Any]]) -> Turn:
        """Return the model's next turn for `messages`, in the shape of a Chat Completions request.

        The first message of the user names the conversation, the number of assistant messages the
        turn. A question that the script does not know gets a short text, so that any client works.
        """
        question = next((m.get("content") for m in messages if m.get("role") == "user"), None)
        taken = len([m for m in messages if m.get("role") == "assistant"])
        for conversation in self.conversations:
            if conversation.question == question and taken < len(conversation.turns):
                return conversation.turns[taken]
        return _unscripted(messages)


def _unscripted(messages: Sequence[Mapping[str, Any]]) -> Answer:
    """Return a polite text; about four characters make a token."""
    text = "I am a scripted model: I only know the questions of the demo."
    characters = sum(len(str(m.get("content") or "")) for m in messages)
    return Answer(Tokens(prompt=max(1, characters // 4), completion=16), text=text)


PLAN_A_TRIP = "Plan a day in Lisbon: what is the weather, and what is 200 USD in euro?"
LOST_CITY = "What is the weather in Atlantis today?"
REFUND_POLICY = "How long may a customer return a pair of shoes?"
COMPARE_PLANS = "Which of our three plans is the cheapest for 40 seats?"
WHOLE_ARCHIVE = "Summarize every support ticket that we ever had."

DEMO_SCRIPT = Script(
    (
        Conversation(
            PLAN_A_TRIP,
            (
                Answer(
                    Tokens(prompt=412, completion=58),
                    tools=(
                        ToolRequest("get_weather", {"city": "Lisbon"}),
                        ToolRequest("convert_currency", {"amount": 200, "to": "EUR"}),
                    ),
                ),
                Answer(
                    Tokens(prompt=545, completion=96),
                    text="It is 24 degrees and sunny in Lisbon, and 200 USD are 184 EUR. "
                    "Walk through Alfama in the morning and take tram 28 in the afternoon.",
                ),
            ),
        ),
        Conversation(
            LOST_CITY,
            (
                Answer(
                    Tokens(prompt=398, completion=21),
                    tools=(ToolRequest("get_weather", {"city": "Atlantis"}),),
                ),
                Answer(
                    Tokens(prompt=447, completion=33),
                    text="There is no weather station in Atlantis. Which city do you mean?",
                ),
            ),
        ),
        Conversation(
            REFUND_POLICY,
            (
                Answer(
                    Tokens(prompt=1502, completion=24),
                    tools=(ToolRequest("search_handbook", {"query": "return shoes"}),),
                ),
                Answer(
                    Tokens(prompt=1811, completion=64, cached=1408),
                    text="A customer may return shoes for 30 days if they were not worn outside.",
                ),
            ),
        ),
        Conversation(
            COMPARE_PLANS,
            (
                Answer(
                    Tokens(prompt=934, completion=713, reasoning=640),
                    text="For 40 seats the Team plan is the cheapest: 40 x 9 USD = 360 USD.",
                    latency_ms=90,
                ),
            ),
        ),
        Conversation(
            WHOLE_ARCHIVE,
            (
                Failure(
                    400,
                    "context_length_exceeded",
                    "This model's maximum context length is 128000 tokens. However, your "
                    "messages resulted in 3914202 tokens. Please reduce their length.",
                ),
            ),
        ),
    )
)
