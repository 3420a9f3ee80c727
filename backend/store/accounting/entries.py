"""The nouns of accounting: an event as it sees it, and what it decides."""

from __future__ import annotations

from enum import StrEnum
from hashlib import blake2b
from operator import attrgetter
from typing import NamedTuple

from msgspec import Struct

from otel_bridge.log_record import LOG_SCOPE

#: Sixteen bytes of a UUID: as keys they are several times faster than `UUID` objects.
Uid = bytes
#: An id that the client gave, or a name that is registered when first needed.
AgentRef = int | str

#: The two forms of an agent span's events, by what they have in common.
PHASE = {
    "run_started": "started",
    "action_started": "started",
    "run_finished": "finished",
    "action_finished": "finished",
}


#: The sources of a cost that came with the call; the others follow from prices and tokens.
CARRIED = frozenset({"client", "tracer"})


class SetAside(StrEnum):
    """Why an event's usage does not count."""

    #: An agent, a workflow or a step repeats what calls below it told.
    REPEATS_CALLS_BELOW = "repeats_calls_below"
    #: An agent, a workflow or a step repeats what an agent or a step below it told.
    REPEATS_USAGE_BELOW = "repeats_usage_below"
    #: The total of a run whose calls are told one by one.
    REPEATS_CALLS_OF_RUN = "repeats_calls_of_run"
    #: Another span, nested in this one, tells the same call.
    SAME_CALL_BELOW = "same_call_below"
    #: Another span, above this one, tells the same call and alone knows its usage.
    SAME_CALL_ABOVE = "same_call_above"
    #: Another tracer's span tells the call with the same response id.
    SAME_RESPONSE = "same_response"
    #: Another tracer's span tells a call with the same tokens at the same time in the same process.
    SAME_TOKENS_AND_TIME = "same_tokens_and_time"
    #: Another tracer's span tells the same execution of a tool.
    SAME_EXECUTION = "same_execution"
    #: The step failed because of what a call, a tool or a step below it tells.
    REPEATS_FAILURE_BELOW = "repeats_failure_below"


class Entry(Struct, frozen=True, gc=False):
    """One event, stored or new, as accounting sees it. Times are Unix microseconds."""

    uid: Uid
    event_type: str
    status: str
    created_us: int
    started_us: int | None = None
    operation: str | None = None
    trace_id: str | None = None
    span_id: str | None = None
    parent_span_id: str | None = None
    run_hint: str | None = None
    agent: str | None = None
    agent_id_hint: int | None = None
    default_agent: str | None = None
    #: The agent to which a tool hands over, where that agent has no span of its own.
    delegate: str | None = None
    tool: str | None = None
    provider: str | None = None
    model: str | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    tokens_cache_read: int | None = None
    tokens_cache_write: int | None = None
    tokens_reasoning: int | None = None
    session: str | None = None
    #: What the client posted, in nano-USD, and where it had it from.
    sent_cost_nusd: int | None = None
    sent_cost_source: str | None = None
    #: What the tracer reckoned, whether it was posted as the cost or beside it.
    tracer_cost_nusd: int | None = None
    scope: str | None = None
    response_id: str | None = None
    resource: str | None = None

    @property
    def is_log(self) -> bool:
        """Whether a log record told it: it stands below the span that it names, if any."""
        return self.span_id is None and is_log_scope(self.scope)

    @property
    def has_cost(self) -> bool:
        """Whether the event tells money that no price list told the client."""
        if self.sent_cost_nusd is None and self.tracer_cost_nusd is None:
            return False
        return self.carried_cost[0] is not None

    @property
    def carried_cost(self) -> tuple[int | None, str | None]:
        """The cost that came with the call itself and its source; None for both without one."""
        if self.sent_cost_source in CARRIED:
            return self.sent_cost_nusd, self.sent_cost_source
        tracer = self.tracer_cost_nusd
        return tracer, None if tracer is None else "tracer"

    @property
    def carries_usage(self) -> bool:
        """Whether the event tells tokens or money."""
        return bool(self.tokens_in or self.tokens_out) or self.has_cost


class Told(NamedTuple):
    """What is known of a call: by its own event, and by the events that tell it again.

    `sent_cost_nusd` and `sent_cost_source` are the cost that came with one of them.
    """

    provider: str | None
    model: str | None
    tokens_in: int | None
    tokens_out: int | None
    tokens_cache_read: int | None
    tokens_cache_write: int | None
    tokens_reasoning: int | None
    session: str | None
    sent_cost_nusd: int | None
    sent_cost_source: str | None

    @classmethod
    def by(cls, entry: Entry) -> Told:
        """Return what one event tells."""
        return cls(*_told_fields(entry))


_told_fields = attrgetter(*Told._fields)


class Decision(Struct, frozen=True):
    """What was decided of one event. `counted` speaks of its usage (and of a call itself).

    `told` is what all events of the call tell together, None where there is no other one. `kept` is
    the event that counts instead of one that tells the same call or execution.
    """

    event_type: str
    status: str
    run_id: str | None
    agent: AgentRef | None
    counted: bool
    set_aside_reason: str | None
    told: Told | None = None
    kept: Uid | None = None


def is_log_scope(scope: str | None) -> bool:
    """Whether events of this scope are told by log records."""
    return scope is not None and scope.startswith(LOG_SCOPE)


def lasting_key(dedupe_key: str) -> str:
    """Return the form of a dedupe key that is equal for the run and the action form of an event.

    Whether an agent span is a run or an action may change when its parent arrives; the event
    stays the same one.
    """
    head, colon, event_type = dedupe_key.rpartition(":")
    phase = PHASE.get(event_type)
    return f"{head}:{phase}" if colon and phase and head.startswith("otel:") else dedupe_key


def identity_of(lasting: str) -> Uid:
    """Return under what an event with such a key is unique: a digest, which no two keys share."""
    return blake2b(lasting.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def own_key(lasting: str, entry: Entry) -> str | None:
    """Return the key where it has to be kept; None where the event's span implies it."""
    phase = PHASE.get(entry.event_type, entry.event_type)
    return None if lasting == f"otel:{entry.trace_id}:{entry.span_id}:{phase}" else lasting


def dedupe_key_shown(
    own: str | None, *, span: tuple[str | None, str | None], event_type: str
) -> str:
    """Return the dedupe key with the type that was decided, of a kept key, or of a span's ids."""
    if own is None:
        return "otel:{}:{}:{}".format(*span, event_type)
    head, _, phase = own.rpartition(":")
    is_span = head.startswith("otel:") and PHASE.get(event_type) == phase
    return f"{head}:{event_type}" if is_span else own
