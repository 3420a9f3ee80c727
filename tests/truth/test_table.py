"""The table keeps its columns apart and its width, however long the values are."""

from __future__ import annotations

import re
from decimal import Decimal

from tests.truth.captures import Truth
from tests.truth.scores import Score, Told
from tests.truth.table import table_of, totals_of

MANY = 10**9


def score(name: str, *, tokens: int) -> Score:
    expect = {
        "tokens_in": tokens,
        "tokens_out": tokens,
        "tools": 40,
        "tools_failed": 10,
        "calls_with_usage": 200,
        "calls_ok": 300,
        "calls_failed": 30,
    }
    truth = {"expect": expect, "visible": expect, "calls": [], "runs": []}
    told = Told(
        tokens_in=tokens,
        tokens_out=tokens,
        tokens_cache_read=0,
        tokens_cache_write=0,
        tokens_reasoning=0,
        calls=400,
        calls_failed=30,
        unpriced=0,
        cost_usd=Decimal("1234.5"),
        tools=(41, 10),
        runs={"bot": (3, 1)},
        tokens_by_agent={},
    )
    return Score(name, told, Truth(truth))


def test_columns_never_touch_and_a_long_name_gives_way() -> None:
    lines = table_of([score("short", tokens=1), score("long-" * 40, tokens=MANY)])
    assert max(map(len, lines)) <= 168
    for line in lines[1:]:
        cells = re.split(r" {2,}", line)
        assert len(cells) == 14
        assert cells[-1] == "calls tools runs agents"


def test_totals_count_what_is_right() -> None:
    assert totals_of([score("one", tokens=100), score("two", tokens=100)]) == [
        "right of 2: tokens 2, calls 0, tools 0, runs 0, agents 0",
        "tokens off by 0 of 400 (0.000 %), cost 2469.000000 USD of 0.000000",
    ]
