"""A log record that may tell of an agent's work: what some programs write beside or without spans.

The backend makes a `LogRecord` from an OTLP log record; `log_mapping` makes events of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from otel_bridge.event import compact_json
from otel_bridge.record import EMPTY_RESOURCE, AttributeValue, Resource

#: Stands before the scope of an event that a log record told: logs and spans of one program may
#: share their scope's name, and are two tellings all the same.
LOG_SCOPE = "logs/"


@dataclass(frozen=True, slots=True)
class LogRecord:
    """A log record as the mapping sees it.

    `names` is what may be the name of its event, the likeliest first: where it stands depends on
    who wrote it. `time_ns` is Unix nanoseconds, 0 where it is not told. `trace_id` and `span_id`
    are those of the span in which it was written, in lower-case hex, None where there was none.
    """

    names: tuple[str, ...]
    time_ns: int
    attributes: Mapping[str, AttributeValue]
    trace_id: str | None = None
    span_id: str | None = None
    scope_name: str = ""
    scope_version: str = ""
    resource: Resource = EMPTY_RESOURCE

    @property
    def digest(self) -> str:
        """32 hex digits that are equal for equal records, so that a repeat is known as one."""
        told = (
            *(self.resource.key, self.scope_name, self.scope_version, self.names, self.time_ns),
            *(self.trace_id, self.span_id, sorted(self.attributes.items())),
        )
        return hashlib.blake2b(compact_json(told), digest_size=16).hexdigest()
