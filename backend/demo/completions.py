"""Chat Completions bodies as OpenAI sends them: pure functions from a turn of the script."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from backend.demo.script import Answer, Failure, Tokens, ToolRequest

#: The dated name under which a model answers, as OpenAI does.
_ANSWERS_AS = {
    "gpt-4o": "gpt-4o-2024-08-06",
    "gpt-4o-mini": "gpt-4o-mini-2024-07-18",
    "o4-mini": "o4-mini-2025-04-16",
}

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer under way: its id is new for each call, `created_s` is Unix seconds."""

    id: str
    created_s: int
    model: str
    answer: Answer

    @classmethod
    def to(cls, model: str, answer: Answer, *, created_s: int) -> Reply:
        """Return the reply of a request to `model`, under a new id."""
        answered_as = _ANSWERS_AS.get(model, model)
        return cls(f"chatcmpl-{uuid.uuid4().hex}", created_s, answered_as, answer)


def completion(reply: Reply) -> Json:
    """Return the body of a `chat.completion`."""
    message: Json = {"role": "assistant", "content": reply.answer.text, "refusal": None}
    if reply.answer.tools:
        message["tool_calls"] = [_tool_call(tool) for tool in reply.answer.tools]
    choice = {
        "index": 0,
        "message": message,
        "logprobs": None,
        "finish_reason": _finish_reason(reply.answer),
    }
    return _envelope(reply, "chat.completion", [choice]) | {"usage": usage(reply.answer.tokens)}


def chunks(reply: Reply, *, include_usage: bool) -> Iterator[Json]:
    """Yield the bodies of a stream: the role, the content in pieces, the end, the usage if asked.

    With `include_usage`, every chunk but the last says `usage: null`; the last has no choices.
    """
    nulls: Json = {"usage": None} if include_usage else {}
    deltas = [{"role": "assistant", "content": ""}, *_deltas(reply.answer)]
    for delta in deltas:
        yield _envelope(reply, "chat.completion.chunk", [_chunk_choice(delta, None)]) | nulls
    end = _chunk_choice({}, _finish_reason(reply.answer))
    yield _envelope(reply, "chat.completion.chunk", [end]) | nulls
    if include_usage:
        yield _envelope(reply, "chat.completion.chunk", []) | {"usage": usage(reply.answer.tokens)}


def usage(tokens: Tokens) -> Json:
    """Return the `usage` object."""
    return {
        "prompt_tokens": tokens.prompt,
        "completion_tokens": tokens.completion,
        "total_tokens": tokens.prompt + tokens.completion,
        "prompt_tokens_details": {"cached_tokens": tokens.cached, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": tokens.reasoning,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def error(failure: Failure) -> Json:
    """Return the body of a failed request."""
    kind = "server_error" if failure.http_status >= 500 else "invalid_request_error"
    return {
        "error": {
            "message": failure.message,
            "type": kind,
            "param": None,
            "code": failure.code,
        }
    }


def _envelope(reply: Reply, kind: str, choices: list[Json]) -> Json:
    return {
        "id": reply.id,
        "object": kind,
        "created": reply.created_s,
        "model": reply.model,
        "choices": choices,
        "service_tier": "default",
        "system_fingerprint": "fp_scripted",
    }


def _deltas(answer: Answer) -> Iterator[Json]:
    """Yield a text word by word, or each tool call in two pieces: its name, its arguments."""
    if answer.text is not None:
        for piece in answer.text.split(" "):
            yield {"content": piece + " "}
    for index, tool in enumerate(answer.tools):
        call = _tool_call(tool)
        arguments = call["function"].pop("arguments")
        start = call | {"index": index, "function": call["function"] | {"arguments": ""}}
        yield {"tool_calls": [start]}
        yield {"tool_calls": [{"index": index, "function": {"arguments": arguments}}]}


def _tool_call(tool: ToolRequest) -> Json:
    return {
        "id": f"call_{uuid.uuid4().hex[:24]}",
        "type": "function",
        "function": {"name": tool.name, "arguments": json.dumps(dict(tool.arguments))},
    }


def _chunk_choice(delta: Json, finish_reason: str | None) -> Json:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}


def _finish_reason(answer: Answer) -> str:
    return "tool_calls" if answer.tools else "stop"
