"""Calls and tools that a program tells in logs and in spans: once, whichever came first."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import Engine

from backend.store import EventFilter, EventStore, Group, StoredEvent
from otel_bridge.event import Event
from otel_bridge.log_mapping import events_from_log
from otel_bridge.log_record import LogRecord
from otel_bridge.mapping import events_from
from otel_bridge.pricing import PriceBook
from otel_bridge.record import Resource, SpanRecord
from tests.backend.store.makers import snapshot
from tests.databases import new_owner
from tests.otel_bridge.command_lines import (
    MS_NS,
    NOW_NS,
    SECOND_NS,
    TRACE,
    claude_interaction,
    claude_log,
    claude_request,
    claude_span,
    claude_tool,
    claude_tool_span,
    codex_log,
    codex_response,
    codex_span,
    codex_tool,
    gemini_details,
    gemini_response,
    gemini_span,
    gemini_tool,
    gemini_tool_span,
)


class _NoPrices(PriceBook):
    def quote(self, *_: object, **__: object) -> None:
        """Leave the price to the store."""


def told(*records: SpanRecord | LogRecord) -> list[Event]:
    events: list[Event] = []
    for record in records:
        if isinstance(record, LogRecord):
            events.extend(events_from_log(record, prices=_NoPrices()))
        else:
            events.extend(events_from(record, prices=_NoPrices()))
    return events


def store_one_by_one(
    store: EventStore, owner_id: int, records: Sequence[SpanRecord | LogRecord]
) -> None:
    for record in records:
        store.append(owner_id, told(record), book=PriceBook())


def total(store: EventStore, owner_id: int) -> Group:
    (group,) = store.measure(owner_id, start_us=0, end_us=4_000_000_000_000_000)
    return group


def counted(store: EventStore, owner_id: int, event_type: str = "llm_call") -> list[StoredEvent]:
    page = store.events(owner_id, EventFilter(event_type=event_type), limit=100)
    return [event for event in page.events if event.counted]


_WITHOUT_IDS = {"request_id": None, "gen_ai.response.id": None}

#: The log and the span of one call, and what it took: tokens in, tokens out.
TOLD_TWICE = {
    "claude-code": (claude_request(), claude_span(), (1310, 20)),
    "claude-code without ids": (
        claude_request(request_id=None),
        claude_span(attributes=_WITHOUT_IDS),
        (1310, 20),
    ),
    "claude-code below the prompt": (
        claude_request(trace_id=TRACE, span_id=f"{1:016x}"),
        claude_span(parent_span_id=f"{1:016x}"),
        (1310, 20),
    ),
    "claude-code below the request": (
        claude_request(trace_id=TRACE, span_id=f"{2:016x}"),
        claude_span(),
        (1310, 20),
    ),
    "codex": (codex_response(), codex_span(), (1200, 90)),
    "codex in a span": (
        codex_response(trace_id=TRACE, span_id=f"{4:016x}"),
        codex_span(),
        (1200, 90),
    ),
    "gemini-cli": (gemini_response(), gemini_span(), (500, 100)),
    "gemini-cli in a span": (
        gemini_response(trace_id=TRACE, span_id=f"{5:016x}"),
        gemini_span(),
        (500, 100),
    ),
}


@pytest.mark.parametrize("name", TOLD_TWICE)
@pytest.mark.parametrize("log_first", [True, False])
def test_a_call_told_by_a_log_and_a_span_counts_once(
    store: EventStore, owner_id: int, name: str, log_first: bool
) -> None:
    log, span, tokens = TOLD_TWICE[name]
    store_one_by_one(store, owner_id, [log, span] if log_first else [span, log])
    sums = total(store, owner_id).sums
    assert (sums.llm_calls, sums.tokens_in, sums.tokens_out) == (1, *tokens)


@pytest.mark.parametrize("name", TOLD_TWICE)
def test_a_call_told_by_a_log_alone_counts(store: EventStore, owner_id: int, name: str) -> None:
    log, _, tokens = TOLD_TWICE[name]
    store_one_by_one(store, owner_id, [log])
    sums = total(store, owner_id).sums
    assert (sums.llm_calls, sums.tokens_in, sums.tokens_out) == (1, *tokens)


def test_the_one_that_counts_has_the_log_s_cost_and_the_run_of_the_span(
    store: EventStore, owner_id: int
) -> None:
    unknown = {"model": "local-model"}
    log = claude_request(**unknown)
    below = {"parent_span_id": f"{1:016x}"}
    span = claude_span(attributes=unknown | {"gen_ai.request.model": "local-model"}, **below)
    store_one_by_one(store, owner_id, [log, claude_interaction(), span])
    (call,) = counted(store, owner_id)
    (run,) = store.events(owner_id, EventFilter(event_type="run_finished"), limit=1).events
    assert (call.cost_usd, call.cost_source) == (Decimal("0.002205"), "tracer")
    assert call.run_id == run.run_id is not None
    assert call.agent_id == run.agent_id


def test_how_long_the_cache_lives_is_priced_though_only_the_log_tells_it(
    store: EventStore, owner_id: int
) -> None:
    store_one_by_one(store, owner_id, [claude_span(), claude_request()])
    (call,) = counted(store, owner_id)
    # $3 per million of 10 and of 1000 at a tenth, $3.75 of 100 for 5 minutes, $6 of 200 for an
    # hour, $15 of 20.
    assert (call.cost_usd, call.cost_source) == (Decimal("0.002205"), "price_list")


def test_the_details_next_to_an_answer_of_gemini_cli_are_not_a_second_one(
    store: EventStore, owner_id: int
) -> None:
    store_one_by_one(store, owner_id, [gemini_response(), gemini_details()])
    sums = total(store, owner_id).sums
    assert (sums.llm_calls, sums.tokens_in, sums.tokens_out) == (1, 500, 100)


def test_equal_calls_are_as_many_as_there_were(store: EventStore, owner_id: int) -> None:
    logs = [codex_response(at_ns=NOW_NS + n * MS_NS) for n in range(10)]
    spans = [
        codex_span(span_id=f"{n:016x}", start_ns=NOW_NS + n * MS_NS, end_ns=NOW_NS + 2 * n * MS_NS)
        for n in range(1, 9)
    ]
    store_one_by_one(store, owner_id, [*logs[:5], *spans, *logs[5:]])
    assert total(store, owner_id).sums.llm_calls == 10


@pytest.mark.parametrize(
    ("log", "span"),
    [
        (claude_request(), claude_span(attributes={"gen_ai.response.id": "req_012"})),
        (claude_request(), claude_span(resource=Resource.of({}), attributes=_WITHOUT_IDS)),
        (claude_request(), codex_span()),
        (
            codex_response(),
            codex_span(start_ns=NOW_NS + 60 * SECOND_NS, end_ns=NOW_NS + 61 * SECOND_NS),
        ),
        (codex_response(output_token_count="91"), codex_span()),
        (gemini_response(output_token_count=21), gemini_span()),
    ],
    ids=["id", "process", "program", "time", "output", "output beside thoughts"],
)
def test_another_call_is_not_taken_for_the_log_s(
    store: EventStore, owner_id: int, log: LogRecord, span: SpanRecord
) -> None:
    store_one_by_one(store, owner_id, [log, span])
    assert total(store, owner_id).sums.llm_calls == 2


def test_attempts_that_failed_are_calls_beside_the_one_that_succeeded(
    store: EventStore, owner_id: int
) -> None:
    overloaded = {"model": "claude-sonnet-4-5-20250929", "error": "Overloaded", "status_code": 529}
    failed = [
        claude_log("api_error", at_ns=NOW_NS - n * 300 * MS_NS, attempt=3 - n, **overloaded)
        for n in (1, 2)
    ]
    store_one_by_one(store, owner_id, [failed[0], claude_span(), failed[1], claude_request()])
    sums = total(store, owner_id).sums
    assert (sums.llm_calls, sums.llm_errors, sums.tokens_in) == (3, 2, 1310)


@pytest.mark.parametrize("log_first", [True, False])
def test_a_failed_request_told_twice_is_one_failure(
    store: EventStore, owner_id: int, log_first: bool
) -> None:
    counts = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_creation_tokens")
    failed = dict.fromkeys(counts) | _WITHOUT_IDS | {"success": False, "error": "Overloaded"}
    span = claude_span(attributes=failed)
    log = claude_log("api_error", model="claude-sonnet-4-5-20250929", error="Overloaded")
    store_one_by_one(store, owner_id, [log, span] if log_first else [span, log])
    sums = total(store, owner_id).sums
    assert (sums.llm_calls, sums.llm_errors) == (1, 1)


#: The log and the span of one execution of a tool.
TOOLS_TOLD_TWICE = {
    "by id": (claude_tool(), claude_tool_span()),
    "by id in other traces": (
        claude_tool(trace_id="e" * 32, span_id="f" * 16),
        claude_tool_span(),
    ),
    "by name and time in one trace": (
        gemini_tool(trace_id=TRACE, span_id=f"{9:016x}"),
        gemini_tool_span(),
    ),
}


@pytest.mark.parametrize("name", TOOLS_TOLD_TWICE)
@pytest.mark.parametrize("log_first", [True, False])
def test_an_execution_told_by_a_log_and_a_span_is_one(
    store: EventStore, owner_id: int, name: str, log_first: bool
) -> None:
    log, span = TOOLS_TOLD_TWICE[name]
    store_one_by_one(store, owner_id, [log, span] if log_first else [span, log])
    assert total(store, owner_id).sums.tool_calls == 1


@pytest.mark.parametrize("log_first", [True, False])
def test_a_tool_that_failed_by_its_log_failed(
    store: EventStore, owner_id: int, log_first: bool
) -> None:
    log, span = claude_tool(success="false", error="exit code 1"), claude_tool_span()
    store_one_by_one(store, owner_id, [log, span] if log_first else [span, log])
    sums = total(store, owner_id).sums
    assert (sums.tool_calls, sums.tool_errors) == (1, 1)


@pytest.mark.parametrize(
    "other",
    [
        claude_tool(tool_use_id="toolu_02", at_ns=NOW_NS + 1),
        claude_tool_span(attributes={"tool_use_id": "toolu_02"}, span_id="d" * 16),
    ],
)
def test_other_executions_are_more_of_them(
    store: EventStore, owner_id: int, other: SpanRecord | LogRecord
) -> None:
    store_one_by_one(store, owner_id, [claude_tool(), claude_tool_span(), other])
    assert total(store, owner_id).sums.tool_calls == 2


def test_logs_alone_make_no_run(store: EventStore, owner_id: int) -> None:
    store_one_by_one(
        store,
        owner_id,
        [
            codex_log("conversation_starts", provider_name="OpenAI"),
            codex_response(),
            codex_tool(),
            claude_request(),
            gemini_response(),
        ],
    )
    sums = total(store, owner_id).sums
    assert (sums.runs, sums.llm_calls, sums.tool_calls) == (0, 3, 1)


def test_a_record_that_is_sent_again_changes_nothing(store: EventStore, owner_id: int) -> None:
    records = [claude_request(), codex_response(), gemini_response(), claude_tool()]
    store_one_by_one(store, owner_id, records)
    before = total(store, owner_id)
    store_one_by_one(store, owner_id, records)
    store.append(owner_id, told(*records, *records), book=PriceBook())
    assert total(store, owner_id) == before


def _session() -> list[SpanRecord | LogRecord]:
    """Return what a prompt of Claude Code with two requests and two tools tells, and strangers."""
    root = f"{1:016x}"
    later: dict[str, Any] = {
        "at_ns": NOW_NS + 5 * SECOND_NS,
        "input_tokens": 12,
        "request_id": "req_012",
    }
    second = claude_span(
        span_id=f"{7:016x}",
        parent_span_id=root,
        start_ns=NOW_NS + 3 * SECOND_NS,
        end_ns=NOW_NS + 5 * SECOND_NS,
        attributes={"input_tokens": 12, "request_id": None, "gen_ai.response.id": "req_012"},
    )
    return [
        claude_interaction(end_ns=NOW_NS + 6 * SECOND_NS),
        claude_span(parent_span_id=root),
        claude_request(trace_id=TRACE, span_id=root),
        second,
        claude_request(**later),
        claude_tool_span(parent_span_id=root),
        claude_tool(success="false", trace_id=TRACE, span_id=f"{3:016x}"),
        claude_tool(tool_use_id="toolu_02", at_ns=NOW_NS + SECOND_NS),
        codex_response(),
        codex_span(trace_id="c" * 32),
        gemini_response(),
        gemini_span(trace_id="9" * 32),
    ]


@pytest.mark.parametrize("seed", range(6))
def test_the_order_of_arrival_decides_nothing(
    store: EventStore, engine: Engine, owner_id: int, seed: int
) -> None:
    in_one = new_owner(engine, "other@example.com")
    store.append(in_one, told(*_session()), book=PriceBook())
    shuffled = _session()
    random.Random(seed).shuffle(shuffled)
    store_one_by_one(store, owner_id, shuffled)
    assert snapshot(engine, owner_id, without=("user_id", "id")) == snapshot(
        engine, in_one, without=("user_id", "id")
    )
    sums = total(store, owner_id).sums
    assert (sums.llm_calls, sums.tool_calls, sums.tool_errors) == (4, 2, 1)
    assert (sums.tokens_in, sums.tokens_out) == (1310 + 1312 + 1200 + 500, 20 + 20 + 90 + 100)


def test_after_every_arrival_the_sums_are_right_for_what_is_there(
    store: EventStore, engine: Engine
) -> None:
    log, span = claude_request(), claude_span()
    wrapper = replace(
        claude_span(span_id=f"{8:016x}", attributes={"gen_ai.response.id": "req_011"}),
        scope_name="another.tracer",
    )
    tellings: list[SpanRecord | LogRecord] = [log, span, wrapper]
    for number, order in enumerate(permutations(tellings)):
        owner_id = new_owner(engine, f"{number}@example.com")
        for record in order:
            store.append(owner_id, told(record), book=PriceBook())
            assert total(store, owner_id).sums.llm_calls == 1
        before = total(store, owner_id)
        store.rebuild(owner_id)
        assert total(store, owner_id) == before
