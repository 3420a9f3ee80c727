"""Events as JSON: each written down once, within the limits of the API, in batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from otel_bridge.event import MAX_PAYLOAD_BYTES, Event, compact_json

#: The most links that the API takes in one request.
MAX_BATCH_LINKS = 5000

#: Requests are kept well below what servers and proxies commonly take.
_MAX_BODY_BYTES = 4 * 1024 * 1024

_MAX_DEPTH = 16
#: Strings of a payload that is too large are cut to the first of these lengths that fits.
_CUTS_CHARS = (16_384, 4096, 1024, 256, 64)
_LAST_RESORT_KEYS = 64


@dataclass(frozen=True, slots=True)
class Batch:
    """Encoded events and links of one request."""

    events: tuple[bytes, ...]
    links: tuple[bytes, ...] = ()

    def body(self) -> bytes:
        """Return the JSON of the request."""
        events = b'{"events":[' + b",".join(self.events) + b"]"
        if not self.links:
            return events + b"}"
        return events + b',"links":[' + b",".join(self.links) + b"]}"

    def halves(self) -> tuple[Batch, Batch]:
        """Return the same as two batches; the links go with the first."""
        middle = len(self.events) // 2
        return Batch(self.events[:middle], self.links), Batch(self.events[middle:])


def batches_of(
    events: Sequence[bytes], links: Sequence[bytes], *, max_events: int
) -> Iterator[Batch]:
    """Yield the events in their order, in batches within the limits of count and size."""
    waiting = [links[at : at + MAX_BATCH_LINKS] for at in range(0, len(links), MAX_BATCH_LINKS)]
    begin = size = 0
    for index, event in enumerate(events):
        if index > begin and (index - begin >= max_events or size + len(event) > _MAX_BODY_BYTES):
            yield Batch(tuple(events[begin:index]), tuple(waiting.pop(0) if waiting else ()))
            begin, size = index, 0
        size += len(event)
    if begin < len(events):
        yield Batch(tuple(events[begin:]), tuple(waiting.pop(0) if waiting else ()))
    for rest in waiting:
        yield Batch((), tuple(rest))


def encoded_event(event: Event) -> bytes:
    """Return the event as JSON; a payload over the limit is cut and says `truncated`.

    Raises TypeError, ValueError or RecursionError where the payload cannot be written as JSON.
    """
    body = event.to_dict()
    data = compact_json(body)
    if len(data) <= MAX_PAYLOAD_BYTES or len(compact_json(event.payload)) <= MAX_PAYLOAD_BYTES:
        return data
    body["payload"] = _fitted(event.payload)
    return compact_json(body)


def _fitted(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return the payload with its longest strings and lists cut until it fits."""
    for chars in _CUTS_CHARS:
        shorter = {**_cut_mapping(payload, chars, depth=0), "truncated": True}
        if len(compact_json(shorter)) <= MAX_PAYLOAD_BYTES:
            return shorter
    chars = _CUTS_CHARS[-1]
    plain = [
        (key[:chars], _cut(value, chars))
        for key, value in payload.items()
        if isinstance(value, str | int | float)
    ]
    return {**dict(plain[:_LAST_RESORT_KEYS]), "truncated": True}


def _cut(value: Any, chars: int, *, depth: int = 0) -> Any:
    if value is None or isinstance(value, int | float):
        return value
    if depth < _MAX_DEPTH:
        if isinstance(value, Mapping):
            return _cut_mapping(value, chars, depth=depth)
        if isinstance(value, list | tuple):
            return [_cut(inner, chars, depth=depth + 1) for inner in value[: chars // 16]]
    text = str(value)
    return text if len(text) <= chars else text[: chars - 1] + "…"


def _cut_mapping(value: Mapping[str, Any], chars: int, *, depth: int) -> dict[str, Any]:
    return {key: _cut(inner, chars, depth=depth + 1) for key, inner in value.items()}
