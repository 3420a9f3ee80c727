"""UUIDs as people and programs write them."""

from __future__ import annotations

import re
import uuid

_UUID = re.compile(
    r"(urn:uuid:)?\{?[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}\}?",
    re.IGNORECASE | re.ASCII,
)


def uuid_of(text: str) -> str | None:
    """Return a UUID in its usual form; None for any other text."""
    return str(uuid.UUID(text)) if _UUID.fullmatch(text) else None
