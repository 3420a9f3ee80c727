"""Costs: the list's rates exactly, the owner's first, unknown as None."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal, localcontext
from typing import Any

import pytest
from genai_prices import calc_price
from genai_prices import types as price_types
from hypothesis import given
from hypothesis import strategies as st

from otel_bridge.event import round_money
from otel_bridge.facts import Usage
from otel_bridge.pricing import Price, PriceBook, calculate_cost, price_list

NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)
MODELS = [
    ("openai", "gpt-4o"),
    ("openai", "gpt-4o-mini-2024-07-18"),
    ("openai", "o3-mini"),
    ("anthropic", "claude-sonnet-4-5"),
    ("google", "gemini-2.5-pro"),
    ("google", "gemini-2.5-flash"),
]


@given(
    model=st.sampled_from(MODELS),
    tokens_in=st.integers(0, 400_000),
    tokens_out=st.integers(0, 60_000),
    shares=st.tuples(st.floats(0, 0.5), st.floats(0, 0.5)),
)
def test_costs_equal_the_package_s_own_calculation(
    model: tuple[str, str], tokens_in: int, tokens_out: int, shares: tuple[float, float]
) -> None:
    provider, name = model
    cache_read, cache_write = (int(tokens_in * share) for share in shares)
    theirs = calc_price(
        price_types.Usage(
            input_tokens=tokens_in,
            output_tokens=tokens_out,
            cache_read_tokens=cache_read,
            cache_write_tokens=cache_write,
        ),
        name,
        provider_id=provider,
        genai_request_timestamp=NOON,
    ).total_price
    usage = Usage(tokens_in, tokens_out, cache_read, cache_write)
    quote = PriceBook().quote(provider, name, usage, at=NOON)
    assert quote is not None
    assert quote.cost_usd == round_money(theirs)
    assert quote.source == "price_list"


def test_cached_tokens_are_cheaper_and_counted_once() -> None:
    cost = calculate_cost("openai", "gpt-4o", 1000, 100, tokens_cache_read=200)
    assert cost == Decimal("0.00325")


@pytest.mark.parametrize("tokens", [-5, 1.5, "1", True, float("nan"), 10**40])
def test_counts_that_are_none_cost_none(tokens: Any) -> None:
    assert calculate_cost("openai", "gpt-4o", tokens, 1) is None


@pytest.mark.parametrize(("provider", "model"), [(5, "gpt-4o"), ("openai", 5), (None, None)])
def test_names_that_are_none_cost_none(provider: Any, model: Any) -> None:
    assert calculate_cost(provider, model, 1, 1) is None


def test_the_program_s_own_decimal_context_changes_nothing() -> None:
    with localcontext(prec=3):
        assert calculate_cost("openai", "gpt-4o", 123_457, 1) == Decimal("0.308652500")


def test_a_count_that_is_not_known_makes_the_cost_unknown() -> None:
    assert PriceBook().quote("openai", "gpt-4o", Usage(1000, None), at=NOON) is None
    embedding = PriceBook().quote("openai", "text-embedding-3-small", Usage(1000, None), at=NOON)
    assert embedding is not None


def test_a_part_larger_than_its_whole_is_taken_as_the_whole() -> None:
    usage = Usage(tokens_in=100, tokens_out=10, tokens_cache_read=500)
    quote = PriceBook().quote("openai", "gpt-4o", usage, at=NOON)
    assert quote is not None
    assert quote.cost_usd == Decimal("0.000225")


@pytest.mark.parametrize(
    ("provider", "model", "usage"),
    [
        ("openai", "a-model-that-nobody-sells", Usage(10, 10)),
        ("a-provider-of-our-own", "gpt-4o", Usage(10, 10)),
        ("openai", "gpt-4o", Usage()),
        ("openai", None, Usage(10, 10)),
        (None, None, Usage(10, 10)),
    ],
)
def test_what_is_not_known_costs_none_and_not_zero(
    provider: str | None, model: str | None, usage: Usage
) -> None:
    assert PriceBook().quote(provider, model, usage, at=NOON) is None


def test_a_model_on_the_user_s_own_machine_costs_nothing() -> None:
    quote = PriceBook().quote("ollama", "llama3.2", Usage(1000, 1000), at=NOON)
    assert quote is not None
    assert quote.cost_usd == 0


@pytest.mark.parametrize(
    ("provider", "model", "same_as"),
    [
        ("openai", "openai/gpt-4o", "gpt-4o"),
        ("google", "models/gemini-2.5-flash", "gemini-2.5-flash"),
        ("google", "publishers/google/models/gemini-2.5-flash", "gemini-2.5-flash"),
        ("anthropic", "anthropic/claude-sonnet-4-5", "claude-sonnet-4-5"),
        ("openai", "GPT-4o", "gpt-4o"),
    ],
)
def test_prefixes_of_a_model_do_not_change_its_price(
    provider: str, model: str, same_as: str
) -> None:
    usage = Usage(1000, 1000)
    quote = PriceBook().quote(provider, model, usage, at=NOON)
    assert quote is not None
    assert quote == PriceBook().quote(provider, same_as, usage, at=NOON)


def test_the_owner_s_price_goes_before_the_list_while_it_is_in_force() -> None:
    own = Price(
        provider="openai",
        model="gpt-4o",
        input_cost_per_mtok=Decimal(1),
        output_cost_per_mtok=Decimal(2),
        effective_from=datetime(2026, 6, 1, tzinfo=UTC),
        effective_to=datetime(2026, 7, 1, tzinfo=UTC),
    )
    book = PriceBook([own])
    usage = Usage(1_000_000, 1_000_000)
    within = book.quote("openai", "gpt-4o", usage, at=NOON)
    after = book.quote("openai", "gpt-4o", usage, at=datetime(2026, 7, 1, tzinfo=UTC))
    assert within is not None
    assert (within.cost_usd, within.source) == (Decimal(3), "owner")
    assert after is not None
    assert (after.cost_usd, after.source) == (Decimal("12.5"), "price_list")


def test_the_owner_s_later_row_goes_before_the_earlier_one() -> None:
    rows = [
        Price(
            "openai", "x", Decimal(n), Decimal(n), effective_from=datetime(2026, n, 1, tzinfo=UTC)
        )
        for n in (1, 3, 2)
    ]
    quote = PriceBook(rows).quote("openai", "x", Usage(1_000_000, 0), at=NOON)
    assert quote is not None
    assert quote.cost_usd == 3


def test_a_price_that_changed_is_dated() -> None:
    rows = [row for row in price_list() if row.model == "claude-sonnet-4-6"]
    of_anthropic = [row for row in rows if row.provider == "anthropic"]
    assert len(of_anthropic) == 2
    first, second = of_anthropic
    assert first.effective_to == second.effective_from is not None
    assert second.effective_to is None


def test_the_list_has_gpt_4o_in_one_row() -> None:
    rows = [row for row in price_list() if (row.provider, row.model) == ("openai", "gpt-4o")]
    assert [(row.input_cost_per_mtok, row.output_cost_per_mtok) for row in rows] == [
        (Decimal("2.5"), Decimal(10))
    ]
