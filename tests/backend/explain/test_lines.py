"""An explanation as text: what a person reads of real captures and of broken spans."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from backend.explain import explain, lines_of, object_of
from backend.explain.words import REASONS, WARNINGS, with_words
from backend.ingest.otlp import BadSpan, records_of
from backend.store.accounting import SetAside
from otel_bridge.facts import MappingWarning
from otel_bridge.pricing import PriceBook
from otel_bridge.record import SpanRecord
from tests.truth.captures import FOLDER, Capture, captures_in

NAMES = [capture.name for capture in captures_in(FOLDER)]
CALL = SpanRecord(
    trace_id="a" * 32,
    span_id="1" * 16,
    parent_span_id=None,
    name="chat",
    start_ns=10**18,
    end_ns=10**18 + 1_500_000_000,
    attributes={"gen_ai.operation.name": "chat"},
)
ORDINARY = replace(CALL, attributes={}, name="GET")


def told(*spans: SpanRecord | BadSpan) -> list[str]:
    return lines_of(explain(list(spans), PriceBook()))


def told_of(name: str) -> list[str]:
    return told(*records_of(Capture.named(name).request))


def after(line: str, lines: list[str], *, count: int) -> list[str]:
    """Return a line and those that follow it, without the rails of the tree."""
    bare = [one.lstrip(" │├└─") for one in lines]
    start = bare.index(line)
    return bare[start : start + count]


def totals(lines: list[str]) -> list[str]:
    return lines[lines.index("totals") :]


def test_an_agent_s_call_tells_its_tokens_cost_run_and_reading() -> None:
    found = told_of("pydantic_ai_default")
    assert found[0] == "trace cd1b287f913b9bb9cd58ca69715e5cbd · 4 spans · 119.5 ms"
    assert after("chat gpt-4o-mini · 65.3 ms · success · span d899347d6086965c", found, count=3)[
        1:
    ] == [
        "llm_call: counts · agent weather_agent · run ebad3d95",
        "openai gpt-4o-mini-2024-07-18 · 119 in, 23 out · 0.00003165 USD (price_list genai-prices",
    ]


def test_a_run_tells_its_whole_id() -> None:
    found = told_of("pydantic_ai_default")
    line = "invoke_agent weather_agent · 119.5 ms · success · span f80f1cf65fb2f29a"
    assert after(line, found, count=2)[1] == (
        "run_started and run_finished · agent weather_agent · run "
        "ebad3d95-09f1-5a72-a64c-ffbb8a7669a6"
    )


def test_what_does_not_count_is_told_with_what_counts_instead() -> None:
    found = told_of("both-openinference-langchain+openai-agents")
    line = "ChatCompletion · 16.2 ms · success · span 9003b05679f1c57f"
    assert after(line, found, count=4)[1:] == [
        "llm_call: does not count · agent demo-agent-app · no run",
        f"same_response: {REASONS['same_response']}; instead: ChatOpenAI",
        "(span 4338ccff25aa2daa)",
    ]


def test_totals_are_told_with_what_was_set_aside() -> None:
    found = totals(told_of("both-openinference-langchain+openai-agents"))
    assert found == [
        "totals",
        "  spans     51, of them 51 with events and 0 without",
        "  calls     7",
        "  tokens    8036 in, 336 out",
        "  cost      0.001407 USD",
        "  tools     5, 2 failed",
        "  runs      react_agent 2, weather_agent 2 (1 failed)",
        "  set aside 7 same_response: another tracer tells the call with the same response id",
        "            1 repeats_failure_below: failed because of what failed below it",
    ]


def test_warnings_are_told_in_words_where_they_occur_and_in_total() -> None:
    found = told_of("haystack_builtin")
    assert "warning missing_usage: a successful call tells no tokens" in [
        line.lstrip(" │") for line in found
    ]
    assert "  warnings  2 missing_usage: a successful call tells no tokens" in totals(found)


def test_many_spans_without_events_are_one_line() -> None:
    ordinary = replace(ORDINARY, parent_span_id=CALL.span_id)
    spans = [replace(ordinary, span_id=f"{n:016x}") for n in range(2, 9)]
    found = told(CALL, *spans, replace(ordinary, span_id="f" * 16, name="connect"))
    assert "└─ 8 spans without an event: 7 GET, connect" in [line.strip() for line in found]


def test_traces_without_events_are_one_line() -> None:
    spans = [replace(ORDINARY, trace_id=f"{n:032x}") for n in range(1, 4)]
    assert told(*spans)[0] == "3 traces of nothing but 3 spans without an event: 3 GET"


@pytest.mark.parametrize("name", NAMES)
def test_no_line_is_wider_than_a_hundred_columns(name: str) -> None:
    assert max(map(len, told_of(name))) <= 100


def test_a_very_deep_trace_is_told_within_the_same_width() -> None:
    chain = [
        replace(CALL, span_id=f"{n:016x}", parent_span_id=f"{n - 1:016x}") for n in range(2, 3000)
    ]
    found = told(replace(CALL, span_id=f"{1:016x}"), *chain)
    assert max(map(len, found)) <= 100
    assert sum("· span " in line for line in found) == 2999


def test_spans_that_stand_above_themselves_are_told_once_each() -> None:
    loop = [
        replace(CALL, span_id=f"{n:016x}", parent_span_id=f"{n % 3 + 1:016x}") for n in range(1, 4)
    ]
    assert sum("· span " in line for line in told(*loop)) == 3


def test_a_parent_that_is_missing_is_said_to_be() -> None:
    found = told(replace(CALL, parent_span_id="f" * 16))
    assert any(line.endswith("its parent is missing") for line in found)


def test_spans_that_ingestion_refuses_are_counted_with_the_reason() -> None:
    too_many = {**CALL.attributes, "gen_ai.usage.input_tokens": 10**15}
    found = totals(told(BadSpan("no span_id"), replace(CALL, attributes=too_many)))
    assert "  refused   1 no span_id" in found
    assert any("tokens_in must be between" in line for line in found)


@pytest.mark.parametrize("refused_first", [True, False])
def test_a_span_that_comes_again_and_can_be_stored_then_counts(*, refused_first: bool) -> None:
    too_many = {**CALL.attributes, "gen_ai.usage.input_tokens": 10**15}
    spans = [replace(CALL, attributes=too_many), CALL]
    found = totals(told(*(spans if refused_first else reversed(spans))))
    assert any(line.split()[:2] == ["calls", "1,"] for line in found)
    assert not any("refused" in line for line in found)


def test_a_name_stays_on_one_line() -> None:
    found = told(replace(CALL, name="chat\n\x1b[31m" + "x" * 200))
    assert found[2].startswith("└─ chat \N{REPLACEMENT CHARACTER}[31mxxx")
    assert "…" in found[2]


def test_every_reason_and_warning_has_words() -> None:
    assert set(REASONS) == set(SetAside)
    assert set(WARNINGS) == set(MappingWarning)


def test_a_code_without_words_stays_as_it_is() -> None:
    assert with_words("sun_spots", WARNINGS) == "sun_spots"


@pytest.mark.parametrize("name", NAMES)
def test_the_json_object_holds_every_span_and_exact_money(name: str) -> None:
    explanation = explain(records_of(Capture.named(name).request), PriceBook())
    text = msgspec.json.encode(object_of(explanation))
    body = msgspec.json.decode(text)
    spans = [span for trace in body["traces"] for span in trace["spans"]]
    assert len(spans) == body["totals"]["spans"]
    assert f'"cost_usd":{explanation.totals.cost_usd:f}'.encode() in text
    aside = [span["became"] for span in spans if span["became"] and not span["became"]["counted"]]
    assert all(became["set_aside_because"] and became["kept"] for became in aside)
