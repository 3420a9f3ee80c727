"""OpenAI's Chat Completions and Embeddings, and the dialects by path."""

from __future__ import annotations

from collections.abc import Iterable

from backend.demo import completions, script
from tests.frameworks import messages, responses
from tests.frameworks.turns import REFUSED, Dialect, Json, Request, Turn, question_in


def _read_chat(body: Json) -> Request:
    functions = [tool["function"] for tool in body.get("tools") or ()]
    calls = [call for m in body["messages"] for call in m.get("tool_calls") or ()]
    return Request(
        body["model"],
        question_in(body["messages"]),
        stream=bool(body.get("stream")),
        offered={function["name"]: function.get("parameters") or {} for function in functions},
        called=frozenset(call["function"]["name"] for call in calls),
        include_usage=bool((body.get("stream_options") or {}).get("include_usage")),
    )


def _reply(turn: Turn) -> completions.Reply:
    tokens = script.Tokens(
        turn.tokens.all_in, turn.tokens.all_out, turn.tokens.cache_read, turn.tokens.reasoning
    )
    tools = tuple(script.ToolRequest(tool.name, tool.arguments) for tool in turn.tools)
    answer = script.Answer(tokens, None if tools else turn.text, tools)
    return completions.Reply.to(turn.model, answer, created_s=1_790_000_000)


def _chat_pieces(turn: Turn, request: Request) -> Iterable[Json]:
    return completions.chunks(_reply(turn), include_usage=request.include_usage)


def _embedding(turn: Turn) -> Json:
    tokens = turn.tokens.all_in
    return {
        "object": "list",
        "model": turn.model,
        "data": [{"object": "embedding", "index": 0, "embedding": [0.25, 0.5]}],
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }


_REFUSAL = completions.error(script.Failure(400, "invalid_prompt", REFUSED))

DIALECTS = {
    "/v1/chat/completions": Dialect(
        _read_chat,
        lambda turn: completions.completion(_reply(turn)),
        _chat_pieces,
        _REFUSAL,
        says_done=True,
    ),
    "/v1/embeddings": Dialect(
        lambda body: Request(body["model"], str(body["input"])),
        _embedding,
        lambda turn, _: [_embedding(turn)],
        _REFUSAL,
    ),
    "/v1/responses": Dialect(responses.read, responses.whole, responses.pieces, _REFUSAL),
    "/v1/messages": Dialect(messages.read, messages.whole, messages.pieces, messages.REFUSAL),
}
