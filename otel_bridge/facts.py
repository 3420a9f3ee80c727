"""What one span says, in our own words. None means: the span does not say."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any


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


@dataclass(frozen=True, slots=True)
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


NO_USAGE = Usage()


@dataclass(frozen=True, slots=True)
class SpanFacts:
    """All that the mapping takes from a span."""

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
