"""The JSON of `POST /ingest/events`, parsed once: good events as `Event`, others as a reason."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, cast

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from backend.body import decode_json, readable
from backend.errors import ApiError
from backend.ingest.fields import (
    RejectedError,
    checked_cost,
    checked_payload,
    hex_id,
    provider_in,
    time_us,
    uuid_text,
)
from backend.store.new_rows import MAX_TOKENS
from otel_bridge.event import (
    EVENT_STATUSES,
    EVENT_TYPES,
    Event,
    EventStatus,
    EventType,
    SpanLink,
    micros,
)

MAX_EVENTS = 1000
MAX_LINKS = 5000

#: An escape in a JSON text: a whole surrogate pair, half of one, or any other.
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(?P<lone>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
#: Stands for half a pair: two noncharacters, which no text exchanges.
_MARK = rb"\ufdd0\ufdd1"
_NO_PAYLOAD = msgspec.Raw(b"{}")

_Name = Annotated[str, Meta(min_length=1, max_length=255)]
_Count = Annotated[int, Meta(ge=0, le=MAX_TOKENS)]
_Time = Annotated[datetime, Meta(tz=True)]


class EventBody(Struct, frozen=True):
    """One event as a client writes it. Fields that are not known are left aside."""

    event_type: str
    status: str | None = None
    agent_id: Annotated[int, Meta(ge=1, le=2**63 - 1)] | None = None
    agent: _Name | None = None
    run_id: str | None = None
    provider: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    model: _Name | None = None
    tokens_in: _Count | None = None
    tokens_out: _Count | None = None
    tokens_cache_read: _Count | None = None
    tokens_cache_write: _Count | None = None
    tokens_reasoning: _Count | None = None
    cost_usd: Decimal | None = None
    latency_ms: _Count | None = None
    payload: msgspec.Raw = _NO_PAYLOAD
    dedupe_key: _Name | None = None
    created_at: _Time | None = None
    trace_id: str | None = None
    span_id: str | None = None
    parent_span_id: str | None = None
    started_at: _Time | None = None
    name: str | None = None
    default_agent: _Name | None = None
    operation: Annotated[str, Meta(max_length=32)] | None = None
    scope: str | None = None
    resource: Annotated[str, Meta(max_length=64)] | None = None
    response_id: str | None = None


_EVENT = msgspec.json.Decoder(EventBody)


class LinkBody(Struct, frozen=True):
    """A span that makes no event, as the bridge writes it."""

    trace_id: str
    span_id: str
    parent_span_id: str
    parent_trace_id: str | None = None


class BatchBody(Struct, frozen=True):
    """The body: `events`, or the fields of one event, which are then read from the whole."""

    events: list[msgspec.Raw] | UnsetType = UNSET
    links: list[LinkBody] = []


class _TypeOnly(Struct, frozen=True):
    event_type: Any = UNSET


class _TimesOnly(Struct, frozen=True):
    created_at: Any = None
    started_at: Any = None


@dataclass(frozen=True, slots=True)
class Invalid:
    """An event that cannot be stored, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Batch:
    """What one request brought, in its order."""

    events: tuple[Event | Invalid, ...]
    links: tuple[SpanLink, ...] = ()


def parse_batch(body: bytes, *, now_us: int) -> Batch:
    """Return the batch; raise 400 where the body as a whole cannot be read."""
    outer = _outer(body)
    if isinstance(outer.events, UnsetType):
        return Batch((_single(body, now_us),))
    if len(outer.events) > MAX_EVENTS:
        raise ApiError(400, f"events: {len(outer.events)} in one request, at most {MAX_EVENTS}")
    if len(outer.links) > MAX_LINKS:
        raise ApiError(400, f"links: {len(outer.links)} in one request, at most {MAX_LINKS}")
    events = tuple(parse_event(bytes(raw), now_us=now_us) for raw in outer.events)
    return Batch(events, tuple(_link(index, link) for index, link in enumerate(outer.links)))


def _outer(body: bytes) -> BatchBody:
    """Return the body, its events unread; one that holds half a surrogate pair spoils no other."""
    try:
        return msgspec.json.decode(body, type=BatchBody)
    except msgspec.ValidationError:
        return decode_json(body, BatchBody)
    except (msgspec.DecodeError, RecursionError):
        return decode_json(_ESCAPE.sub(_marked, body), BatchBody)


def _marked(escape: re.Match[bytes]) -> bytes:
    return _MARK if escape["lone"] else escape[0]


def _single(body: bytes, now_us: int) -> Event | Invalid:
    """Return the event that is the whole body; raise 400 where its texts are broken."""
    decode_json(body, dict)
    return parse_event(body, now_us=now_us)


def parse_event(raw: bytes, *, now_us: int) -> Event | Invalid:
    """Return the event, or why it cannot be one.

    `now_us` is when it happened where it does not say so.
    """
    if _MARK in raw:
        return Invalid("a text holds half of a surrogate pair, which is no character")
    try:
        body = _EVENT.decode(raw)
        if b"\\u0000" in raw:
            _refuse_nul(body)
        return _event(body, now_us)
    except msgspec.ValidationError as error:
        return Invalid(_type_problem(raw) or _time_problem(raw) or readable(error))
    except RejectedError as error:
        return Invalid(str(error))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Invalid("a text is not valid UTF-8")


def _event(body: EventBody, now_us: int) -> Event:
    event_type, status = _type_and_status(body)
    payload = checked_payload(bytes(body.payload))
    # By position, in the order of the fields: a name for each would take longer than all the rest.
    return Event(
        event_type,
        now_us if body.created_at is None else micros(body.created_at),
        status,
        body.name,
        body.agent,
        body.default_agent,
        body.agent_id,
        None if body.run_id is None else uuid_text(body.run_id),
        body.provider or provider_in(payload),
        body.model,
        body.tokens_in,
        body.tokens_out,
        body.tokens_cache_read,
        body.tokens_cache_write,
        body.tokens_reasoning,
        None if body.cost_usd is None else checked_cost(body.cost_usd),
        body.latency_ms,
        payload,
        body.dedupe_key,
        hex_id("trace_id", body.trace_id, digits=32),
        hex_id("span_id", body.span_id, digits=16),
        hex_id("parent_span_id", body.parent_span_id, digits=16),
        None if body.started_at is None else micros(body.started_at),
        body.operation,
        body.scope,
        body.resource,
        body.response_id,
    )


def _type_problem(raw: bytes) -> str | None:
    """Return what is wrong with the type, which is said before anything else."""
    try:
        given = msgspec.json.decode(raw, type=_TypeOnly).event_type
    except msgspec.ValidationError:
        return None
    if given is UNSET:
        return f"event_type is missing: one of {', '.join(EVENT_TYPES)}"
    return None if given in EVENT_TYPES else _unknown_type(given)


def _time_problem(raw: bytes) -> str | None:
    """Return what is wrong with a time that is a text."""
    try:
        told = msgspec.json.decode(raw, type=_TimesOnly)
        for field in ("created_at", "started_at"):
            value = getattr(told, field)
            if isinstance(value, str):
                time_us(field, value)
    except RejectedError as error:
        return str(error)
    except msgspec.ValidationError:
        return None
    return None


def _unknown_type(given: object) -> str:
    return f"invalid event_type '{str(given)[:100]}': one of {', '.join(EVENT_TYPES)}"


def _refuse_nul(body: EventBody) -> None:
    """Raise where a name or key holds a NUL, which PostgreSQL cannot keep; payloads may."""
    for field in ("agent", "default_agent", "provider", "model", "dedupe_key"):
        if "\0" in (getattr(body, field) or ""):
            raise RejectedError(f"{field} holds a NUL character")


def _type_and_status(body: EventBody) -> tuple[EventType, EventStatus]:
    if body.event_type not in EVENT_TYPES:
        raise RejectedError(_unknown_type(body.event_type))
    status = "info" if body.status is None else body.status
    if status not in EVENT_STATUSES:
        known = ", ".join(EVENT_STATUSES)
        raise RejectedError(f"invalid status '{status[:100]}': one of {known}")
    return cast("EventType", body.event_type), cast("EventStatus", status)


def _link(index: int, link: LinkBody) -> SpanLink:
    try:
        trace_id = hex_id("trace_id", link.trace_id, digits=32)
        span_id = hex_id("span_id", link.span_id, digits=16)
        parent_span_id = hex_id("parent_span_id", link.parent_span_id, digits=16)
        parent_trace_id = hex_id("parent_trace_id", link.parent_trace_id, digits=32)
    except RejectedError as error:
        raise ApiError(400, f"links[{index}]: {error}") from error
    return SpanLink(trace_id or "", span_id or "", parent_span_id or "", parent_trace_id)
