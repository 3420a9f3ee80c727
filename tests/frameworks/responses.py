"""OpenAI's Responses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.frameworks.turns import Json, Request, Turn, question_in


def read(body: Json) -> Request:
    """Return the request in `body`."""
    said = body["input"]
    items = [{"role": "user", "content": said}] if isinstance(said, str) else said
    return Request(
        body["model"],
        question_in(items),
        stream=bool(body.get("stream")),
        offered={tool["name"]: tool.get("parameters") or {} for tool in body.get("tools") or ()},
        called=frozenset(item["name"] for item in items if item.get("type") == "function_call"),
    )


def whole(turn: Turn) -> Json:
    """Return the response."""
    return _response(turn, "completed", output=_output(turn), usage=_usage(turn))


def pieces(turn: Turn, _: Request) -> Iterator[Json]:
    """Yield the events of a stream."""
    for number, event in enumerate(_events(turn)):
        yield event | {"sequence_number": number}


def _events(turn: Turn) -> Iterator[Json]:
    yield _of("created", response=_response(turn, "in_progress", output=[], usage=None))
    for index, item in enumerate(_output(turn)):
        yield _of("output_item.added", output_index=index, item=item | {"status": "in_progress"})
        place = {"output_index": index, "item_id": item["id"]}
        if item["type"] == "function_call":
            arguments = item["arguments"]
            yield _of("function_call_arguments.delta", delta=arguments, **place)
            yield _of("function_call_arguments.done", arguments=arguments, **place)
        else:
            yield from _text_events(turn.text, place | {"content_index": 0})
        yield _of("output_item.done", output_index=index, item=item)
    yield _of("completed", response=whole(turn))


def _text_events(text: str, place: Json) -> Iterator[Json]:
    yield _of("content_part.added", part=_text_part(""), **place)
    yield _of("output_text.delta", delta=text, logprobs=[], **place)
    yield _of("output_text.done", text=text, logprobs=[], **place)
    yield _of("content_part.done", part=_text_part(text), **place)


def _of(kind: str, **fields: Any) -> Json:
    return {"type": f"response.{kind}", **fields}


def _response(turn: Turn, status: str, *, output: list[Json], usage: Json | None) -> Json:
    return {
        "id": f"resp_{turn.number:032x}",
        "object": "response",
        "created_at": 1_790_000_000,
        "status": status,
        "model": turn.model,
        "output": output,
        "usage": usage,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
    }


def _output(turn: Turn) -> list[Json]:
    if turn.tools:
        return [
            {
                "type": "function_call",
                "id": f"fc_{turn.number}_{index}",
                "call_id": tool.id,
                "name": tool.name,
                "arguments": tool.arguments_json,
                "status": "completed",
            }
            for index, tool in enumerate(turn.tools)
        ]
    return [
        {
            "type": "message",
            "id": f"msg_{turn.number}",
            "role": "assistant",
            "status": "completed",
            "content": [_text_part(turn.text)],
        }
    ]


def _text_part(text: str) -> Json:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _usage(turn: Turn) -> Json:
    tokens = turn.tokens
    return {
        "input_tokens": tokens.all_in,
        "input_tokens_details": {"cached_tokens": tokens.cache_read},
        "output_tokens": tokens.all_out,
        "output_tokens_details": {"reasoning_tokens": tokens.reasoning},
        "total_tokens": tokens.all_in + tokens.all_out,
    }
