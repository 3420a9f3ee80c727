"""What an agent asks of the scripted model, and what that says, before a provider's words."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of a call: reads and writes of a cache are part of `all_in`.

    `reasoning` is part of `all_out`.
    """

    all_in: int
    all_out: int
    cache_read: int = 0
    cache_write: int = 0
    reasoning: int = 0


@dataclass(frozen=True, slots=True)
class ToolUse:
    """A tool that the model asks for."""

    id: str
    name: str
    arguments: Mapping[str, str]

    @property
    def arguments_json(self) -> str:
        """The arguments as text."""
        return json.dumps(self.arguments)


@dataclass(frozen=True, slots=True)
class Turn:
    """The `number`-th answer of the server: tools to call, or a text."""

    number: int
    model: str
    tokens: Tokens
    tools: tuple[ToolUse, ...]

    @property
    def text(self) -> str:
        """What is said where no tool is asked for."""
        return f"This is answer {self.number}."


@dataclass(frozen=True, slots=True)
class Request:
    """The part of a request that the script needs.

    `offered` holds the tools with their JSON schemas, `called` those that the model asked for
    earlier in the conversation.
    """

    model: str
    question: str
    stream: bool = False
    offered: Mapping[str, Json] = field(default_factory=dict)
    called: frozenset[str] = frozenset()
    include_usage: bool = True


@dataclass(frozen=True, slots=True)
class Dialect:
    """A way to ask, to answer whole, to stream and to refuse."""

    read: Callable[[Json], Request]
    whole: Callable[[Turn], Json]
    pieces: Callable[[Turn, Request], Iterable[Json]]
    error: Json
    says_done: bool = False


REFUSED = "Your prompt was refused."


def text_of(content: Any) -> str:
    """Return the text of a message's content, which is a string or a list of parts."""
    if isinstance(content, str):
        return content
    return " ".join(part.get("text") or "" for part in content or ())


def question_in(messages: Iterable[Json]) -> str:
    """Return all that the user said."""
    said = (m.get("content") for m in messages if m.get("role") == "user")
    return " ".join(map(text_of, said))
