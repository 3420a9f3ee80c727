"""A finished span, whatever produced it: the one input of the mapping.

The SpanProcessor makes a `SpanRecord` from an SDK span, the backend from an OTLP span. Everything
after this point is the same code, so that both give equal events.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from otel_bridge.noun import noun

StatusCode = Literal["unset", "ok", "error"]
SpanKind = Literal["unspecified", "internal", "server", "client", "producer", "consumer"]

# An attribute value as OTLP knows it: str, bool, int, float, bytes, a list or a mapping of them.
AttributeValue = Any


@noun
class SpanEvent:
    """An event on a span, for example `exception`. `time_ns` is Unix time in nanoseconds."""

    name: str
    time_ns: int
    attributes: Mapping[str, AttributeValue]


@dataclass(frozen=True, slots=True)
class SpanRef:
    """A span in any trace, by its ids in lower-case hex."""

    trace_id: str
    span_id: str


@dataclass(frozen=True, slots=True)
class Resource:
    """What produced the spans: its attributes and a key that is equal for equal attributes."""

    attributes: Mapping[str, AttributeValue]
    key: str

    @classmethod
    def of(cls, attributes: Mapping[str, AttributeValue]) -> Resource:
        """Return the resource of `attributes`; its key is 16 hex digits of their digest."""
        text = json.dumps(sorted(attributes.items()), default=str, separators=(",", ":"))
        return cls(attributes, hashlib.blake2b(text.encode(), digest_size=8).hexdigest())

    @property
    def service_name(self) -> str | None:
        """The service's name, or None where it is absent or the SDK's `unknown_service` default."""
        name = self.attributes.get("service.name")
        if not isinstance(name, str) or not name or name.startswith("unknown_service"):
            return None
        return name


EMPTY_RESOURCE = Resource.of({})


@noun
class SpanRecord:
    """A span as the mapping sees it.

    Ids are lower-case hex (32 digits for the trace, 16 for spans); times are Unix nanoseconds.
    `end_ns` is None for a span that has only started.
    """

    trace_id: str
    span_id: str
    parent_span_id: str | None
    name: str
    start_ns: int
    end_ns: int | None
    attributes: Mapping[str, AttributeValue]
    kind: SpanKind = "internal"
    events: tuple[SpanEvent, ...] = ()
    links: tuple[SpanRef, ...] = ()
    status_code: StatusCode = "unset"
    status_message: str = ""
    scope_name: str = ""
    scope_version: str = ""
    resource: Resource = EMPTY_RESOURCE
