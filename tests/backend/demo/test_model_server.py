"""The scripted server under the official OpenAI client, and under requests that are no good."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator

import openai
import pytest
from openai.types.chat import ChatCompletionChunk, ChatCompletionMessageParam

from backend.demo.endpoint import scripted_client
from backend.demo.model_server import ModelServer, ServedCall
from backend.demo.script import Answer, Conversation, Failure, Script, Tokens, ToolRequest

_TOKENS = Tokens(prompt=100, completion=20, cached=64, reasoning=8)
_SCRIPT = Script(
    (
        Conversation("Say hello.", (Answer(_TOKENS, text="Hello, you there.", latency_ms=0),)),
        Conversation(
            "Use tools.",
            (
                Answer(
                    _TOKENS,
                    tools=(ToolRequest("a", {"x": 1}), ToolRequest("b", {})),
                    latency_ms=0,
                ),
            ),
        ),
        Conversation("Fail.", (Failure(400, "bad", "That was bad."),)),
        Conversation("Break.", (Failure(500, "broken", "Our fault."),)),
    )
)


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer(_SCRIPT) as server:
        yield server


@pytest.fixture
def client(server: ModelServer) -> Iterator[openai.OpenAI]:
    with scripted_client(server.base_url) as client:
        yield client.with_options(max_retries=0)


def _ask(text: str) -> list[ChatCompletionMessageParam]:
    return [{"role": "user", "content": text}]


def _stream(client: openai.OpenAI, text: str, *, usage: bool) -> list[ChatCompletionChunk]:
    return list(
        client.chat.completions.create(
            model="gpt-4o",
            messages=_ask(text),
            stream=True,
            stream_options={"include_usage": usage},
        )
    )


def test_an_answer_carries_its_text_its_dated_model_and_all_its_tokens(
    client: openai.OpenAI,
) -> None:
    answer = client.chat.completions.create(model="gpt-4o-mini", messages=_ask("Say hello."))
    assert answer.choices[0].message.content == "Hello, you there."
    assert answer.choices[0].finish_reason == "stop"
    assert answer.model == "gpt-4o-mini-2024-07-18"
    usage = answer.usage
    assert usage is not None
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (100, 20, 120)
    assert usage.prompt_tokens_details is not None
    assert usage.prompt_tokens_details.cached_tokens == 64
    assert usage.completion_tokens_details is not None
    assert usage.completion_tokens_details.reasoning_tokens == 8


def test_every_answer_has_an_id_of_its_own(client: openai.OpenAI) -> None:
    ids = {
        client.chat.completions.create(model="gpt-4o", messages=_ask("Say hello.")).id
        for _ in range(3)
    }
    assert len(ids) == 3


def test_tools_are_asked_for_with_their_arguments(client: openai.OpenAI) -> None:
    choice = client.chat.completions.create(model="gpt-4o", messages=_ask("Use tools.")).choices[0]
    calls = [call for call in choice.message.tool_calls or () if call.type == "function"]
    asked = [(call.function.name, json.loads(call.function.arguments)) for call in calls]
    assert asked == [("a", {"x": 1}), ("b", {})]
    assert choice.finish_reason == "tool_calls"


def test_a_stream_is_the_same_answer_in_pieces(client: openai.OpenAI) -> None:
    chunks = _stream(client, "Say hello.", usage=True)
    text = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    assert text.strip() == "Hello, you there."
    assert len({chunk.id for chunk in chunks}) == 1
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.prompt_tokens == 100
    assert chunks[-1].choices == []


def test_a_stream_tells_no_usage_unless_it_was_asked_to(
    client: openai.OpenAI, server: ModelServer
) -> None:
    chunks = _stream(client, "Say hello.", usage=False)
    assert all(chunk.usage is None for chunk in chunks)
    assert server.calls() == (ServedCall("gpt-4o", 200, streamed=True, tokens=None),)


def test_a_request_fails_as_the_script_says(client: openai.OpenAI, server: ModelServer) -> None:
    with pytest.raises(openai.BadRequestError, match="That was bad"):
        client.chat.completions.create(model="gpt-4o", messages=_ask("Fail."))
    with pytest.raises(openai.InternalServerError, match="Our fault"):
        client.chat.completions.create(model="gpt-4o", messages=_ask("Break."))
    assert [call.http_status for call in server.calls()] == [400, 500]


def test_every_call_is_written_down_with_its_tokens(
    client: openai.OpenAI, server: ModelServer
) -> None:
    client.chat.completions.create(model="gpt-4o", messages=_ask("Say hello."))
    assert server.calls() == (ServedCall("gpt-4o", 200, streamed=False, tokens=_TOKENS),)


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v1/chat/completions", b"{", 400),
        ("/v1/chat/completions", b"[]", 400),
        ("/v1/chat/completions", b'{"model":"m"}', 400),
        ("/v1/chat/completions", b'{"model":"m","messages":["hi"]}', 400),
        ("/v1/embeddings", b"{}", 404),
    ],
)
def test_what_is_no_request_is_answered_with_an_error(
    server: ModelServer, path: str, body: bytes, status: int
) -> None:
    connection = http.client.HTTPConnection(server.base_url.split("/")[2], timeout=10)
    connection.request("POST", path, body)
    response = connection.getresponse()
    assert (response.status, "error" in json.loads(response.read())) == (status, True)
    connection.close()
    assert server.calls() == ()


def test_a_taken_port_is_an_os_error(server: ModelServer) -> None:
    port = int(server.base_url.split(":")[2].split("/")[0])
    with pytest.raises(OSError, match="in use"):
        ModelServer(_SCRIPT, port=port)
