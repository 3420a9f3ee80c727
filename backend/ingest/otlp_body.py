"""What OTLP requests of every signal have in common: both encodings, ids, attribute values."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec
from google.protobuf.json_format import ParseDict, ParseError
from google.protobuf.message import DecodeError, Message
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from backend.errors import ApiError

_ID_KEYS = ("traceId", "trace_id", "spanId", "span_id", "parentSpanId", "parent_span_id")
#: Stands for an id that is no hex: no valid id has one byte.
_BAD_ID = base64.b64encode(b"\0").decode()

Request = TypeVar("Request", bound=Message)


@dataclass(frozen=True, slots=True)
class Signal(Generic[Request]):
    """A kind of OTLP request: its message, and the path of the objects that hold ids.

    Each step of the path is a key in the spelling of JSON and in that of protobuf.
    """

    noun: str
    message: type[Request]
    path: tuple[tuple[str, str], ...]

    def from_protobuf(self, body: bytes) -> Request:
        """Return the request; raise 400 where the body is not one."""
        try:
            return self.message.FromString(body)
        except DecodeError as error:
            name = self.message.DESCRIPTOR.name
            raise ApiError(400, f"the body is not an {name} in protobuf") from error

    def from_json(self, body: bytes) -> Request:
        """Return the request of OTLP/JSON; raise 400 where the body is not one.

        OTLP/JSON is protobuf's JSON mapping, but for ids, which are hex and not base64.
        """
        try:
            tree = msgspec.json.decode(body)
            if not isinstance(tree, dict):
                raise ApiError(400, f"the body must be an object with {self.path[0][0]}")
            for carrier in _below([tree], self.path):
                _rewrite_ids(carrier)
            return ParseDict(tree, self.message(), ignore_unknown_fields=True)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise ApiError(400, f"the body is not JSON: {error}") from error
        except (ParseError, RecursionError) as error:
            raise ApiError(400, f"the body is not an OTLP {self.noun} request: {error}") from error


def _below(
    objects: Iterable[dict[str, Any]], path: tuple[tuple[str, str], ...]
) -> Iterator[dict[str, Any]]:
    """Yield the objects at the end of the path."""
    if not path:
        yield from objects
        return
    for one in objects:
        yield from _below(_objects(one, *path[0]), path[1:])


def _objects(parent: Mapping[str, Any], *names: str) -> Iterator[dict[str, Any]]:
    for name in dict.fromkeys(names):
        children = parent.get(name)
        if isinstance(children, list):
            yield from (child for child in children if isinstance(child, dict))


def _rewrite_ids(record: dict[str, Any]) -> None:
    for carrier in (record, *_objects(record, "links", "links")):
        for key in _ID_KEYS:
            if isinstance(carrier.get(key), str):
                carrier[key] = _base64_of_hex(carrier[key])


def _base64_of_hex(text: str) -> str:
    try:
        return base64.b64encode(binascii.unhexlify(text)).decode()
    except ValueError:  # binascii.Error, and text beyond ASCII
        return _BAD_ID


def attributes_of(pairs: Iterable[KeyValue]) -> dict[str, Any]:
    """Return attributes by key."""
    return {pair.key: value_of(pair.value) for pair in pairs}


def value_of(value: AnyValue) -> Any:
    """Return the value as str, bool, int, float, bytes, list, dict or None."""
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    if kind == "array_value":
        return [value_of(item) for item in value.array_value.values]
    if kind == "kvlist_value":
        return attributes_of(value.kvlist_value.values)
    return getattr(value, kind)
