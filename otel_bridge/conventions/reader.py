"""What a span says: the one reader behind all conventions. It holds no vendor's name.

The first convention that knows a span decides what it did; the others fill in what is missing.
Token usage is taken as a block from one convention: input with and without cached tokens must never
mix.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from otel_bridge.conventions.answers import provider_id, response_id_in
from otel_bridge.conventions.failures import failure_of
from otel_bridge.conventions.plan import Plan, owner_of, plan_of
from otel_bridge.conventions.reading import (
    first_listed_text,
    first_stated_amount,
    first_text,
    first_value,
    holds_unreadable,
    money_and_key,
    text_and_key,
)
from otel_bridge.conventions.registry import BY_NAME
from otel_bridge.conventions.tokens import ESTIMATED, NOT_TOLD, Settled, quirks_of, settle
from otel_bridge.conventions.told_usage import told_usage
from otel_bridge.conventions.values import amount_of, is_unsaid, text_of
from otel_bridge.facts import MappingWarning, Operation, SpanFacts
from otel_bridge.pricing.providers import is_framework, is_known_provider, provider_of
from otel_bridge.record import SpanRecord

_NO_WARNINGS: frozenset[MappingWarning] = frozenset()
#: Names that an SDK writes where it does not know the agent's.
_NO_AGENT_NAMES = frozenset({"openai agent", "agent", "agent workflow"})


def facts_of(record: SpanRecord) -> SpanFacts | None:
    """Return what the span says; None where no convention knows it."""
    plan = plan_of(record)
    if plan is None:
        return None
    decided = _operation_of(record, plan)
    if decided is None:
        return None
    return _Reading(record, plan, *decided).facts()


def _operation_of(record: SpanRecord, plan: Plan) -> tuple[Operation, str] | None:
    """Return what the span did and which convention said so; None where none knows it."""
    fallback: tuple[Operation, str] | None = None
    for convention in plan.asked:
        kind = text_of(record.attributes.get(convention.kind_key)) if convention.kind_key else None
        operation, is_weak = convention.operation_of(record, kind)
        if operation is None:
            continue
        if not is_weak:
            return _refined(record, plan, operation), convention.name
        fallback = fallback or (operation, convention.name)
    return None if fallback is None else (_refined(record, plan, fallback[0]), fallback[1])


def _refined(record: SpanRecord, plan: Plan, operation: Operation) -> Operation:
    for dialect in plan.dialects:
        operation = dialect.refine(record, operation)
    return operation


class _Reading:
    """One span while it is read: gathers who decided what, and what is doubtful."""

    __slots__ = (
        "attributes",
        "convention",
        "decided_by",
        "operation",
        "plan",
        "record",
        "warnings",
    )

    def __init__(
        self, record: SpanRecord, plan: Plan, operation: Operation, convention: str
    ) -> None:
        self.record = record
        self.attributes = record.attributes
        self.plan = plan
        self.operation = operation
        self.convention = convention
        self.decided_by: dict[str, str] = {}
        self.warnings: set[MappingWarning] = set()

    def facts(self) -> SpanFacts:
        """Return everything that the span says."""
        attributes, keys = self.attributes, self.plan.keys
        tool = self._tool() if self.operation is Operation.TOOL else None
        if self.operation is Operation.TOOL and tool is None:
            # It marks a handoff or wraps others.
            self.operation = Operation.STEP
        request_model, response_model = self._models()
        provider = self._provider(response_model or request_model)
        failure = failure_of(self.record, self.operation, self.plan)
        settled = self._usage(provider)
        if self.operation.is_call and not failure.failed:
            self._miss(settled, response_model or request_model)
        return SpanFacts(
            convention=self.convention,
            operation=self.operation,
            agent=self._agent(),
            provider=provider,
            request_model=request_model,
            response_model=response_model,
            usage=settled.usage,
            cost_usd=self._cost(),
            stated_cost_usd=(
                first_stated_amount(attributes, keys.stated_cost_usd)
                if keys.stated_cost_usd
                else None
            ),
            response_id=self._response_id() if self.operation.is_call else None,
            session=first_text(attributes, keys.session),
            user=first_text(attributes, keys.user),
            run_id=first_text(attributes, keys.run_id),
            tool=tool,
            tool_call_id=first_text(attributes, keys.tool_call_id),
            finish_reason=first_listed_text(attributes, keys.finish_reason),
            error=failure.message,
            error_type=failure.error_type,
            failed=failure.failed,
            input=first_value(attributes, keys.input),
            output=first_value(attributes, keys.output),
            usage_basis=settled.basis,
            delegate=self._delegate() if self.operation is Operation.TOOL else None,
            started_ns=self._started_ns(),
            warnings=frozenset(self.warnings) if self.warnings else _NO_WARNINGS,
            decided_by=self.decided_by,
        )

    def _note(self, fact: str, owner: str) -> None:
        """Remember who decided a fact, where that is another convention than the span's."""
        if owner != self.convention:
            self.decided_by[fact] = owner

    def _tool(self) -> str | None:
        if told := first_text(self.attributes, self.plan.keys.tool):
            return told
        own = (dialect.tool_name(self.record) for dialect in self.plan.dialects)
        named = next((name for name in own if name is not None), None)
        return named or BY_NAME[self.convention].tool_name(self.record)

    def _agent(self) -> str | None:
        name, owner = self._own_agent_name() if self.operation.is_agent else (None, "")
        if name is None and self.plan.keys.agent:
            name, key = text_and_key(self.attributes, self.plan.keys.agent)
            owner = owner_of(key, self.convention) if key else ""
        if name is None or not self._is_agent_name(name):
            return None
        self._note("agent", owner)
        return name

    def _own_agent_name(self) -> tuple[str | None, str]:
        for dialect in self.plan.dialects:
            if (name := dialect.agent_name(self.record)) is not None:
                return name, dialect.name
        return BY_NAME[self.convention].agent_name(self.record), self.convention

    def _is_agent_name(self, name: str) -> bool:
        if name.lower() in _NO_AGENT_NAMES or is_framework(name):
            return False
        return all(not one.is_placeholder(self.record, name) for one in self.plan.dialects)

    def _models(self) -> tuple[str | None, str | None]:
        """Return the model that was asked for and the one that answered."""
        keys = self.plan.keys
        requested, request_key = text_and_key(self.attributes, keys.request_model)
        answered, key = text_and_key(self.attributes, keys.response_model)
        owner = owner_of(key or request_key, self.convention)
        if self.operation.is_call:
            answered = self._answered_model() or answered
        if answered is None:
            for name, read in self.plan.models:
                if answered := read(self.record):
                    owner = name
                    break
        if answered or requested:
            self._note("model", owner)
        elif holds_unreadable(self.attributes, keys.request_model + keys.response_model):
            self.warnings.add(MappingWarning.UNREADABLE_VALUE)
        return requested, answered

    def _answered_model(self) -> str | None:
        found = (one.answered_model(self.record) for one in self.plan.dialects)
        return next((model for model in found if model is not None), None)

    def _provider(self, model: str | None) -> str | None:
        keys = self.plan.keys
        told, key = text_and_key(self.attributes, keys.provider)
        if key:
            self._note("provider", owner_of(key, self.convention))
        host = first_text(self.attributes, keys.host)
        provider = provider_of(told, model, host=host)
        if provider is not None and self.operation.is_call and not is_known_provider(provider):
            self.warnings.add(MappingWarning.UNKNOWN_PROVIDER)
        return provider

    def _cost(self) -> Decimal | None:
        keys = self.plan.keys.cost_usd
        cost, key = money_and_key(self.attributes, keys)
        owner = owner_of(key, self.convention)
        if cost is None:
            for name, read in self.plan.costs:
                if cost := read(self.record):
                    owner = name
                    break
        if cost is not None:
            self._note("cost", owner)
        elif keys and any(_is_no_amount(self.attributes[key]) for key in keys):
            self.warnings.add(MappingWarning.UNREADABLE_VALUE)
        return cost

    def _usage(self, provider: str | None) -> Settled:
        told = told_usage(self.record, self.plan, self.operation)
        if told.is_unreadable:
            self.warnings.add(MappingWarning.UNREADABLE_VALUE)
        if told.usage is None:
            return NOT_TOLD
        for dialect in self.plan.dialects:
            if dialect.invents(self.record, told.usage):
                self.warnings |= ESTIMATED.warnings
                return ESTIMATED
        quirks = quirks_of(self.plan.emitters, self.record, provider)
        settled = settle(told.usage, quirks, provider, is_specified=told.is_specified)
        if self.operation is Operation.EMBEDDINGS and settled.usage.tokens_out == 0:
            # There is no output to count: some tracers write 0, others nothing.
            settled = replace(settled, usage=replace(settled.usage, tokens_out=None))
        if settled.usage.is_known:
            self._note("usage", told.convention or self.convention)
        if settled.warnings:
            self.warnings |= settled.warnings
        return settled

    def _response_id(self) -> str | None:
        keys = self.plan.keys
        for key in keys.response_id:
            told = provider_id(self.attributes[key], may_be_uuid=True)
            if told is not None and not self._is_made_up(told):
                return told
        found = (read(self.record) for read in self.plan.response_ids)
        if told := next((one for one in found if one is not None), None):
            return told
        return response_id_in(self.attributes, keys.output + keys.answer)

    def _is_made_up(self, response_id: str) -> bool:
        dialects = self.plan.dialects
        return bool(dialects) and any(one.makes_up_id(self.record, response_id) for one in dialects)

    def _delegate(self) -> str | None:
        found = (one.delegate(self.record) for one in self.plan.dialects)
        return next((name for name in found if name is not None), None)

    def _started_ns(self) -> int | None:
        for dialect in self.plan.dialects:
            if (moment := dialect.started_ns(self.record)) is not None:
                return moment
        return None

    def _miss(self, settled: Settled, model: str | None) -> None:
        """Warn of what a successful call should tell and does not."""
        if model is None:
            self.warnings.add(MappingWarning.MISSING_MODEL)
        if not settled.usage.is_known:
            self.warnings.add(MappingWarning.MISSING_USAGE)


def _is_no_amount(value: object) -> bool:
    return amount_of(value) is None and not is_unsaid(value)
