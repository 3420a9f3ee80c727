"""Reading a request's body: its size, its encoding, its JSON."""

from __future__ import annotations

import re
import zlib
from typing import TypeVar

import msgspec
from flask import Request

from backend.errors import ApiError
from backend.settings import Settings

T = TypeVar("T")

_SMALL_BODY_BYTES = 64 * 1024
_MAX_GZIP_MEMBERS = 100
_GZIP = 16 + zlib.MAX_WBITS
_PLACE = re.compile(r"^(?P<what>.*?)(?: - at `\$\.?(?P<where>.*)`)?$", re.DOTALL)


def read_body(request: Request, settings: Settings) -> bytes:
    """Return the body, unzipped; raise 413 before more than the limit is read, 415 or 400."""
    encoding = request.headers.get("Content-Encoding", "").strip().lower()
    if encoding not in ("", "identity", "gzip"):
        raise ApiError(415, f"Content-Encoding {encoding!r} is not supported: send gzip or none")
    body = _limited(request, settings.max_body_bytes)
    return gunzip(body, settings.max_decompressed_bytes) if encoding == "gzip" else body


def _limited(request: Request, limit: int) -> bytes:
    """Return the body as it came, of at most `limit` bytes; raise 413 for a longer one.

    A body of unknown length (chunked) is cut at the framework's limit, so that one byte more is
    asked for: who gets it knows that the body is too long.
    """
    request.max_content_length = limit + 1
    body = request.get_data(cache=False)
    if len(body) > limit:
        raise ApiError(413, f"the body is larger than {limit} bytes: send smaller batches")
    return body


def gunzip(body: bytes, limit: int) -> bytes:
    """Return the unzipped body; raise 413 as soon as it grows over `limit` bytes, 400 if broken."""
    parts: list[bytes] = []
    size = 0
    members = 0
    while body:
        members += 1
        if members > _MAX_GZIP_MEMBERS:
            raise ApiError(400, f"the gzip body has more than {_MAX_GZIP_MEMBERS} members")
        stream = zlib.decompressobj(_GZIP)
        try:
            parts.append(stream.decompress(body, limit + 1 - size))
        except zlib.error as error:
            raise ApiError(400, "the body is not gzip, though Content-Encoding says so") from error
        size += len(parts[-1])
        if size > limit:
            raise ApiError(413, f"the body unzips to more than {limit} bytes: send smaller batches")
        if not stream.eof:
            raise ApiError(400, "the gzip body ends too early")
        body = stream.unused_data
    return b"".join(parts)


def require_json(request: Request) -> None:
    """Raise 415 for a body that does not say it is JSON."""
    if request.mimetype != "application/json":
        given = request.mimetype or "none"
        raise ApiError(415, f"Content-Type must be application/json, not {given}")


def json_body(request: Request, shape: type[T]) -> T:
    """Return a small JSON body as `shape`; raise 400 with what is wrong and where."""
    require_json(request)
    return decode_json(_limited(request, _SMALL_BODY_BYTES), shape)


def decode_json(body: bytes | msgspec.Raw, shape: type[T]) -> T:
    """Return JSON as `shape`; raise 400 with what is wrong and where."""
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.ValidationError as error:
        raise ApiError(400, readable(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ApiError(400, f"the body is not JSON: {error}") from error
    except RecursionError as error:
        raise ApiError(400, "the body is nested too deeply") from error


def readable(error: msgspec.ValidationError) -> str:
    """Return the error as a sentence that begins with the field, where there is one."""
    match = _PLACE.match(str(error))
    what, where = match.group("what", "where") if match else (str(error), None)
    text = what.replace("`", "").replace(" | ", " or ")
    text = text[:1].lower() + text[1:]
    return f"{where}: {text}" if where else text


def name_in(text: str, *, at_most: int = 255) -> str:
    """Return a name that a person typed, without space around it; raise 400 where it is none."""
    name = text.strip()
    if not name or len(name) > at_most or "\0" in name:
        raise ApiError(400, f"name must have 1 to {at_most} characters")
    return name
