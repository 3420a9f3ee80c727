"""What one span says, in our own words. None means: the span does not say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from otel_bridge.noun import noun


class Operation(StrEnum):
    """What a span did, by the names of `gen_ai.operation.name` where it has one."""

    AGENT = "invoke_agent"
    WORKFLOW = "invoke_workflow"
    CHAT = "chat"
    EMBEDDINGS = "embeddings"
    RERANK = "rerank"
    TOOL = "execute_tool"
    #: A function that calls a model until it asks for no more tools: an agent where it runs any.
    LOOP = "model_loop"
    STEP = "step"
    #: A placeholder or a copy that tells nothing of its own: it makes no event.
    NOTHING = "nothing"

    @property
    def is_agent(self) -> bool:
        """Whether the span may run an agent or a workflow: a run, or an action in one."""
        return self in (Operation.AGENT, Operation.WORKFLOW, Operation.LOOP)

    @property
    def is_call(self) -> bool:
        """Whether the span is one request to a model: an `llm_call`."""
        return self in (Operation.CHAT, Operation.EMBEDDINGS, Operation.RERANK)


@noun
class Usage:
    """Tokens of one call. `tokens_in` includes cached ones, `tokens_out` includes reasoning."""

    tokens_in: int | None = None
    tokens_out: int | None = None
    tokens_cache_read: int | None = None
    tokens_cache_write: int | None = None
    tokens_reasoning: int | None = None
    #: Parts that have prices of their own, each inside one of the numbers above.
    tokens_cache_write_1h: int | None = None
    tokens_audio_in: int | None = None
    tokens_audio_cache_read: int | None = None
    tokens_audio_out: int | None = None
    tokens_image_in: int | None = None
    tokens_image_out: int | None = None

    @property
    def is_known(self) -> bool:
        """Whether the span told how many tokens went in or out."""
        return self.tokens_in is not None or self.tokens_out is not None

    @property
    def has_priced_parts(self) -> bool:
        """Whether a part with a price of its own and no column is told."""
        return bool(
            self.tokens_cache_write_1h
            or self.tokens_audio_in
            or self.tokens_audio_cache_read
            or self.tokens_audio_out
            or self.tokens_image_in
            or self.tokens_image_out
        )


NO_USAGE = Usage()


class UsageBasis(StrEnum):
    """How it was settled that input includes cached tokens and output reasoning."""

    #: The convention, or the provider's own answer, says so.
    SPEC = "spec"
    #: The emitter is known to include or to leave them out.
    EMITTER_TABLE = "emitter_table"
    #: The total agrees with only one meaning.
    TOTAL_CHECKSUM = "total_checksum"
    #: A part is larger than what would include it.
    SUBSET_VIOLATION = "subset_violation"
    #: Nothing tells; the specification is assumed.
    ASSUMED = "assumed"


class MappingWarning(StrEnum):
    """What is doubtful about the facts of a span: the whole list."""

    #: A key of usage, cost or model holds something that cannot be read.
    UNREADABLE_VALUE = "unreadable_value"
    #: The span names a provider that is not known.
    UNKNOWN_PROVIDER = "unknown_provider"
    #: A successful call names no model.
    MISSING_MODEL = "missing_model"
    #: A successful call tells no tokens.
    MISSING_USAGE = "missing_usage"
    #: The numbers contradict each other, whatever they mean.
    USAGE_INCONSISTENT = "usage_inconsistent"
    #: Reasoning was told only by the total.
    REASONING_INFERRED = "reasoning_inferred"
    #: The tracer counted words itself: set aside.
    ESTIMATED_USAGE = "estimated_usage"
    #: The tracer's cost and ours differ by more than a quarter.
    COST_DIFFERS = "cost_differs"


@noun
class SpanFacts:
    """All that the mapping takes from a span.

    `convention` is the one that decided what the span did, `decided_by` names the others by the
    fact that each decided (usage, model, provider, agent, cost).
    """

    convention: str
    operation: Operation
    agent: str | None = None
    provider: str | None = None
    request_model: str | None = None
    response_model: str | None = None
    usage: Usage = NO_USAGE
    #: What the tracer reckons, by a price list of its own.
    cost_usd: Decimal | None = None
    #: What the program itself says that the call cost.
    stated_cost_usd: Decimal | None = None
    response_id: str | None = None
    session: str | None = None
    user: str | None = None
    run_id: str | None = None
    tool: str | None = None
    tool_call_id: str | None = None
    finish_reason: str | None = None
    error: str | None = None
    error_type: str | None = None
    failed: bool = False
    input: Any = None
    output: Any = None
    usage_basis: UsageBasis | None = None
    #: Whom a tool call asks to work on, where that agent has no span of its own.
    delegate: str | None = None
    #: When the work began where the span itself began later: Unix nanoseconds.
    started_ns: int | None = None
    warnings: frozenset[MappingWarning] = frozenset()
    decided_by: Mapping[str, str] = field(default_factory=dict)
