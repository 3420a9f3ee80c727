"""The provider's own usage object, as tracers copy it into one attribute or inside an answer.

Sources: the API references of OpenAI (Chat Completions says `prompt_tokens` and
`completion_tokens`, Responses `input_tokens` and `output_tokens`; input includes cached, output
reasoning tokens), Anthropic (`input_tokens` leaves out what was read from and written to the
cache), Bedrock Converse (the same in camelCase), Gemini (thoughts and the prompt of tools stand
beside the candidates and the prompt), LangChain's `usage_metadata`. Oddities: SDKs of other
languages write camelCase; a Python repr writes `cached_tokens=1` without its nesting; some tracers
keep a stream as the list of its chunks' texts, some an answer as bytes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from otel_bridge.conventions.table import ReportedUsage
from otel_bridge.conventions.values import count_of, literal_of, object_of

_NAMES = ("usage", "usage_metadata", "usageMetadata", "token_usage")
#: A JSON list of texts that are JSON objects.
_CHUNKS_START = '["{'
_QUOTED_NAMES = tuple(f'"{name}"' for name in _NAMES)
_DECODER = json.JSONDecoder()
_REPR_FIELDS = re.compile(r"\b(\w+_tokens|cached_content_token_count)=(\d{1,16})\b")
_LONGEST_REPR_CHARS = 2000
#: A text that is nothing but a usage object is not longer.
_LONGEST_TEXT_CHARS = 2000
#: A colon and blanks between a key and its object.
_COLON_WITHIN_CHARS = 8

_INPUT = ("prompt_tokens", "input_tokens", "inputTokens", "promptTokens")
_OUTPUT = ("completion_tokens", "output_tokens", "outputTokens", "completionTokens")
_TOTAL = ("total_tokens", "totalTokens")
_INPUT_DETAILS = (
    "prompt_tokens_details",
    "input_tokens_details",
    "input_token_details",
    "inputTokenDetails",
    "inputTokensDetails",
)
_OUTPUT_DETAILS = (
    "completion_tokens_details",
    "output_tokens_details",
    "output_token_details",
    "outputTokenDetails",
    "outputTokensDetails",
)
_CACHE_READ = ("cached_tokens", "cache_read", "cacheReadTokens", "cachedInputTokens")
_CACHE_WRITE = ("cache_write_tokens", "cache_creation_tokens", "cache_creation", "cacheWriteTokens")
_REASONING = ("reasoning_tokens", "reasoning", "reasoningTokens", "thinking_tokens")
#: Beside an input that leaves them out.
_SEPARATE_READ = ("cache_read_input_tokens", "cacheReadInputTokens", "cacheReadInputTokenCount")
_SEPARATE_WRITE = (
    "cache_creation_input_tokens",
    "cacheWriteInputTokens",
    "cacheCreationInputTokens",
    "cacheWriteInputTokenCount",
)


def usage_objects(value: Any) -> Iterator[Mapping[str, Any]]:
    """Yield what may be the usage object of an answer: the value itself, or inside its text."""
    if isinstance(value, Mapping):
        yield value
        yield from (inner for name in _NAMES if isinstance(inner := value.get(name), Mapping))
        return
    text = value.decode(errors="replace") if isinstance(value, bytes) else value
    if not isinstance(text, str) or "oken" not in text:
        return
    if text.startswith(_CHUNKS_START):
        yield from _objects_in_chunks(text)
    else:
        yield from _objects_in(text)


def _objects_in_chunks(text: str) -> Iterator[Mapping[str, Any]]:
    """Yield the objects of the last of a stream's chunks, each a JSON text, that tells any."""
    try:
        chunks = json.loads(text)
    except (ValueError, RecursionError):
        return
    for chunk in reversed(chunks):
        if isinstance(chunk, str) and (told := list(_objects_in(chunk))):
            yield from told
            return


def _objects_in(text: str) -> Iterator[Mapping[str, Any]]:
    if len(text) <= _LONGEST_TEXT_CHARS and (told := literal_of(text)):
        yield told
    for quoted in _QUOTED_NAMES:
        if told := _object_after(text, quoted):
            yield told
    if told := _repr_after(text, "usage="):
        yield told


def _object_after(text: str, quoted: str) -> dict[str, Any]:
    """Return the JSON object under the last key of this name."""
    at = text.rfind(quoted)
    if at < 0:
        return {}
    start = text.find("{", at, at + len(quoted) + _COLON_WITHIN_CHARS)
    if start < 0:
        return {}
    try:
        told, _ = _DECODER.raw_decode(text, start)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _repr_after(text: str, name: str) -> dict[str, Any]:
    """Return the counts of a Python object's text, without its nesting."""
    at = text.rfind(name)
    if at < 0:
        return {}
    told: dict[str, Any] = {}
    for key, count in _REPR_FIELDS.findall(text[at : at + _LONGEST_REPR_CHARS]):
        told.setdefault(key, int(count))
    return told


def usage_of_provider(told: Mapping[str, Any]) -> ReportedUsage | None:
    """Return the tokens of a provider's usage object; None where it tells neither in nor out."""
    if "promptTokenCount" in told or "prompt_token_count" in told:
        return _gemini_usage(told)
    tokens_in, tokens_out = _first(told, _INPUT), _first(told, _OUTPUT)
    if tokens_in is None and tokens_out is None:
        return None
    of_input = _details(told, _INPUT_DETAILS)
    of_output = _details(told, _OUTPUT_DETAILS)
    read, write = _first(of_input, _CACHE_READ), _first(of_input, _CACHE_WRITE)
    separate_read, separate_write = _first(told, _SEPARATE_READ), _first(told, _SEPARATE_WRITE)
    total = _first(told, _TOTAL)
    if "prompt_tokens" not in told and not of_input and tokens_in is not None:
        outside = (separate_read or 0) + (separate_write or 0)
        tokens_in, total = tokens_in + outside, None if outside else total
    return ReportedUsage(
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        tokens_cache_read=separate_read if read is None else read,
        tokens_cache_write=separate_write if write is None else write,
        tokens_reasoning=_first(of_output, _REASONING),
        tokens_cache_write_1h=_first(
            object_of(told.get("cache_creation")), ("ephemeral_1h_input_tokens",)
        )
        or _first(told, ("ephemeral_1h_input_tokens",)),
        tokens_audio_in=_first(of_input, ("audio_tokens", "audio")),
        tokens_audio_out=_first(of_output, ("audio_tokens", "audio")),
        tokens_image_in=_first(of_input, ("image_tokens",)),
        tokens_image_out=_first(of_output, ("image_tokens",)),
        total=total,
        is_inclusive=True,
    )


def _gemini_usage(told: Mapping[str, Any]) -> ReportedUsage | None:
    """Return Gemini's counts; thoughts are part of the candidates only where the total says so."""
    prompt = _first(told, ("promptTokenCount", "prompt_token_count"))
    if prompt is None:
        return None
    tools = _first(told, ("toolUsePromptTokenCount", "tool_use_prompt_token_count")) or 0
    answer = _first(told, ("candidatesTokenCount", "candidates_token_count"))
    thoughts = _first(told, ("thoughtsTokenCount", "thoughts_token_count"))
    total = _first(told, ("totalTokenCount", "total_token_count"))
    tokens_out = None if answer is None and thoughts is None else (answer or 0) + (thoughts or 0)
    if answer is not None and total is not None and total == prompt + tools + answer:
        tokens_out = answer
    return ReportedUsage(
        tokens_in=prompt + tools,
        tokens_out=tokens_out,
        tokens_cache_read=_first(told, ("cachedContentTokenCount", "cached_content_token_count")),
        tokens_reasoning=thoughts,
        total=total,
        is_inclusive=True,
    )


def _first(told: Mapping[str, Any], names: tuple[str, ...]) -> int | None:
    return next((n for name in names if (n := count_of(told.get(name))) is not None), None)


def _details(told: Mapping[str, Any], names: tuple[str, ...]) -> Mapping[str, Any]:
    """Return the parts of input or output; a repr has them without their nesting."""
    nested = {key: value for name in names for key, value in object_of(told.get(name)).items()}
    return nested or {
        key: told[key] for key in ("cached_tokens", "reasoning_tokens") if key in told
    }
