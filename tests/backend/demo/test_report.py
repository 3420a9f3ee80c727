from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from backend.demo.home import Home, Owner
from backend.demo.model_server import ServedCall
from backend.demo.overview import Sums, Usage, recorded, served, total
from backend.demo.report import comparison, overview_table, places
from backend.demo.script import Tokens

_ONE = Sums("one", 2, 1, 5, 3, 1200, 80, Decimal("0.00125"), errors=2)
_TWO = Sums("two", 1, 0, 1, 0, 300, 20, Decimal("0.000000001"))
_HOME = Home(Path("/data/demo folder"), 5000)
_OWNER = Owner("demo@example.com", "secret", "obsk_write", "obsk_read")


def test_the_table_has_a_row_for_each_agent_and_the_total() -> None:
    lines = overview_table([_ONE, _TWO]).splitlines()
    assert [line.split()[0] for line in lines] == ["agent", "one", "two", "total"]
    assert lines[1].split() == ["one", "2", "1", "5", "3", "1,200", "80", "$0.001250", "2"]
    assert lines[3].split() == ["total", "3", "1", "6", "3", "1,500", "100", "$0.001250", "2"]


def test_the_total_is_exact() -> None:
    assert total([_ONE, _TWO]).cost_usd == Decimal("0.001250001")


def test_a_cost_that_is_not_known_is_no_zero() -> None:
    free = Sums("free", llm_calls=2, unpriced_calls=2)
    lines = overview_table([_ONE, free]).splitlines()
    assert "unknown" in lines[2]
    assert "$0.001250+" in lines[3]
    assert "2 calls to models whose price is not known" in lines[4]


def test_a_failed_call_counts_as_a_call_without_tokens() -> None:
    calls = [
        ServedCall("m", 200, streamed=False, tokens=Tokens(100, 20, cached=64)),
        ServedCall("m", 400, streamed=False, tokens=None),
    ]
    assert served(calls) == Usage(llm_calls=2, tokens_in=100, tokens_out=20)


def test_the_comparison_says_yes_only_for_equal_numbers() -> None:
    ours = recorded([_ONE, _TWO])
    assert comparison(Usage(6, 1500, 100), ours).startswith(
        "matches what the model server served: yes"
    )
    assert comparison(Usage(6, 1501, 100), ours).startswith(
        "matches what the model server served: NO"
    )


def test_a_stopped_demo_tells_how_to_start_it_again() -> None:
    text = places(_HOME, _OWNER, running=False)
    assert "DATABASE_URL='sqlite:////data/demo folder/demo-5000.db' otel-bridge serve" in text
    assert "start it again" not in places(_HOME, _OWNER, running=True)


def test_the_key_that_may_write_is_not_shown() -> None:
    assert "obsk_write" not in places(_HOME, _OWNER, running=True)
