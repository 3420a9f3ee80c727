"""Where a page ended: text for a URL, from which the next page begins at constant cost."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Literal

from backend.uuids import uuid_of

Kind = Literal["event", "run"]

_LETTERS = {"event": "e", "run": "r"}
_LARGEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Cursor:
    """The time (Unix microseconds) and identity of the last item of a page."""

    kind: Kind
    time_us: int
    identity: str

    def encode(self) -> str:
        """Return the cursor as URL-safe text."""
        text = f"{_LETTERS[self.kind]}{self.time_us}:{self.identity}"
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str, *, kind: Kind) -> Cursor:
        """Return the cursor that `encode` wrote; raise ValueError for any other text."""
        try:
            padded = text + "=" * (-len(text) % 4)
            plain = base64.b64decode(padded, altchars=b"-_", validate=True).decode()
        except ValueError as error:
            raise ValueError("the cursor is unreadable") from error
        head, colon, identity = plain.partition(":")
        digits = head[1:]
        if not (colon and head[:1] == _LETTERS[kind] and digits.isascii() and digits.isdigit()):
            raise ValueError("the cursor is unreadable")
        time_us = int(digits) if len(digits) <= 19 else _LARGEST + 1
        if time_us > _LARGEST or "\0" in identity:
            raise ValueError("the cursor is unreadable")
        if not (_is_uid(identity) if kind == "event" else uuid_of(identity) == identity):
            raise ValueError("the cursor is unreadable")
        return cls(kind, time_us, identity)


def _is_uid(text: str) -> bool:
    return len(text) == 32 and all(letter in "0123456789abcdef" for letter in text)
