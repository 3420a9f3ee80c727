"""Answers of the OTLP endpoints: protobuf messages in the request's own encoding."""

from __future__ import annotations

from flask import Request, Response
from google.protobuf.json_format import MessageToJson
from google.protobuf.message import Message
from google.rpc.status_pb2 import Status

PROTOBUF = "application/x-protobuf"
JSON = "application/json"

#: google.rpc.Code for each HTTP status that the endpoints answer with.
_CODES = {400: 3, 401: 16, 403: 7, 404: 5, 405: 12, 413: 8, 415: 3, 429: 8, 503: 14}
_INTERNAL = 13


def speaks_protobuf(request: Request) -> bool:
    """Return whether the request's body is protobuf: what it is not answered in is JSON."""
    return request.mimetype in (PROTOBUF, "application/protobuf")


def message_answer(request: Request, message: Message, status: int = 200) -> Response:
    """Return `message` in the encoding of the request."""
    if speaks_protobuf(request):
        return Response(message.SerializeToString(), status, mimetype=PROTOBUF)
    text = MessageToJson(message, indent=None)
    return Response(text, status, mimetype=JSON)


def error_answer(request: Request, status: int, message: str) -> Response:
    """Return a `google.rpc.Status` that says what is wrong."""
    code = _CODES.get(status, _INTERNAL)
    return message_answer(request, Status(code=code, message=message), status)
