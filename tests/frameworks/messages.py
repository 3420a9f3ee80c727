"""Anthropic's Messages, whose input tokens leave out what was read from or written to a cache."""

from __future__ import annotations

from collections.abc import Iterator

from tests.frameworks.turns import REFUSED, Json, Request, Turn, question_in

REFUSAL: Json = {
    "type": "error",
    "error": {"type": "invalid_request_error", "message": REFUSED},
}


def read(body: Json) -> Request:
    """Return the request in `body`."""
    parts = [
        part
        for message in body["messages"]
        if isinstance(message["content"], list)
        for part in message["content"]
    ]
    return Request(
        body["model"],
        question_in(body["messages"]),
        stream=bool(body.get("stream")),
        offered={tool["name"]: tool["input_schema"] for tool in body.get("tools") or ()},
        called=frozenset(part["name"] for part in parts if part["type"] == "tool_use"),
    )


def whole(turn: Turn) -> Json:
    """Return the message."""
    return _message(turn, content=_content(turn), stop_reason=_stop_reason(turn))


def pieces(turn: Turn, _: Request) -> Iterator[Json]:
    """Yield the events of a stream."""
    start = _message(turn, content=[], stop_reason=None)
    yield {
        "type": "message_start",
        "message": start | {"usage": start["usage"] | {"output_tokens": 1}},
    }
    for index, block in enumerate(_content(turn)):
        empty: Json = {"text": ""} if block["type"] == "text" else {"input": {}}
        yield {"type": "content_block_start", "index": index, "content_block": block | empty}
        yield {"type": "content_block_delta", "index": index, "delta": _delta(turn, index)}
        yield {"type": "content_block_stop", "index": index}
    yield {
        "type": "message_delta",
        "delta": {"stop_reason": _stop_reason(turn), "stop_sequence": None},
        "usage": {"output_tokens": turn.tokens.all_out},
    }
    yield {"type": "message_stop"}


def _delta(turn: Turn, index: int) -> Json:
    if turn.tools:
        return {"type": "input_json_delta", "partial_json": turn.tools[index].arguments_json}
    return {"type": "text_delta", "text": turn.text}


def _message(turn: Turn, *, content: list[Json], stop_reason: str | None) -> Json:
    tokens = turn.tokens
    return {
        "id": f"msg_{turn.number:024x}",
        "type": "message",
        "role": "assistant",
        "model": turn.model,
        "content": content,
        "stop_reason": stop_reason,
        "stop_sequence": None,
        "usage": {
            "input_tokens": tokens.all_in - tokens.cache_read - tokens.cache_write,
            "cache_read_input_tokens": tokens.cache_read,
            "cache_creation_input_tokens": tokens.cache_write,
            "output_tokens": tokens.all_out,
        },
    }


def _content(turn: Turn) -> list[Json]:
    if turn.tools:
        return [
            {"type": "tool_use", "id": tool.id, "name": tool.name, "input": dict(tool.arguments)}
            for tool in turn.tools
        ]
    return [{"type": "text", "text": turn.text}]


def _stop_reason(turn: Turn) -> str:
    return "tool_use" if turn.tools else "end_turn"
