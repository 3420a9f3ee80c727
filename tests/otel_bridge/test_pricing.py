"""Costs: the list's rates exactly, the owner's first, unknown as None."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext
from typing import Any

import pytest
from genai_prices import types as price_types
from genai_prices.data import providers
from hypothesis import given
from hypothesis import strategies as st

from otel_bridge.event import round_money
from otel_bridge.facts import Usage
from otel_bridge.pricing import Price, PriceBook, calculate_cost, price_list

NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)
YEAR_2024 = datetime(2024, 1, 1, tzinfo=UTC)
#: The same count by our name and by the package's.
THEIR_NAMES = {
    "tokens_in": "input_tokens",
    "tokens_out": "output_tokens",
    "tokens_cache_read": "cache_read_tokens",
    "tokens_cache_write": "cache_write_tokens",
    "tokens_cache_write_1h": "cache_write_1h_tokens",
    "tokens_reasoning": "output_reasoning_tokens",
    "tokens_audio_in": "input_audio_tokens",
    "tokens_audio_cache_read": "cache_audio_read_tokens",
    "tokens_audio_out": "output_audio_tokens",
    "tokens_image_in": "input_image_tokens",
    "tokens_image_out": "output_image_tokens",
}


def their_prices(model: price_types.ModelInfo) -> list[price_types.ModelPrice]:
    prices = model.prices
    return [prices] if isinstance(prices, price_types.ModelPrice) else [p.prices for p in prices]


def sells_tokens(model: price_types.ModelInfo) -> bool:
    return all(price.input_mtok is not None for price in their_prices(model))


#: Every model of the list that its own id finds.
LISTED = [(p, m) for p in providers for m in p.models if p.find_model(m.id) is m]
SOLD_BY_TOKENS = [(provider, model) for provider, model in LISTED if sells_tokens(model)]
RARE_RATES = (
    *("cache_write_1h", "output_reasoning", "input_audio", "output_audio", "cache_audio_read"),
    *("input_image", "output_image", "cache_image_read"),
)
#: Those with rare rates, so that random samples meet them often.
WITH_PARTS = [
    (provider, model)
    for provider, model in SOLD_BY_TOKENS
    if any(
        getattr(price, f"{name}_mtok") is not None
        for price in their_prices(model)
        for name in RARE_RATES
    )
]


def their_cost(
    provider: price_types.Provider, model: price_types.ModelInfo, usage: Usage, at: datetime
) -> Decimal | None:
    """Return what the package reckons, rounded; None where it finds the usage invalid."""
    told = {THEIR_NAMES[name]: n for name, n in asdict(usage).items() if n is not None}
    # A cached image is what only the package can be told.
    theirs = price_types.Usage(**told, cache_image_read_tokens=0)
    try:
        priced = model.calc_price(theirs, provider, genai_request_timestamp=at)
    except ValueError:
        return None
    return round_money(priced.total_price)


def cost(
    provider: str | None, model: str | None, usage: Usage, at: datetime = NOON
) -> Decimal | None:
    quote = PriceBook().quote(provider, model, usage, at=at)
    return None if quote is None else quote.cost_usd


counts = st.integers(0, 400_000)
moments = st.integers(0, 4 * 366 * 24 * 60).map(
    lambda minutes: YEAR_2024 + timedelta(minutes=minutes)
)


@st.composite
def consistent_usages(draw: st.DrawFn) -> Usage:
    """Usages whose parts lie within their wholes, as every tracer should tell them."""
    text, audio, image, audio_read, text_read, write, write_1h = draw(st.tuples(*[counts] * 7))
    plain, reasoning, audio_out, image_out = draw(st.tuples(*[counts] * 4))
    return Usage(
        tokens_in=text + audio + image + audio_read + text_read + write + write_1h,
        tokens_out=plain + reasoning + audio_out + image_out,
        tokens_cache_read=audio_read + text_read,
        tokens_cache_write=write + write_1h,
        tokens_cache_write_1h=write_1h,
        tokens_reasoning=reasoning,
        tokens_audio_in=audio + audio_read,
        tokens_audio_cache_read=audio_read,
        tokens_audio_out=audio_out,
        tokens_image_in=image,
        tokens_image_out=image_out,
    )


@st.composite
def any_usages(draw: st.DrawFn) -> Usage:
    """Usages of which any part may be missing or odd."""
    wholes = {"tokens_in": counts, "tokens_out": counts}
    parts = {
        name: st.none() | st.integers(0, 500_000) for name in THEIR_NAMES if name not in wholes
    }
    return Usage(**draw(st.fixed_dictionaries({**wholes, **parts})))


@given(
    listed=st.sampled_from(SOLD_BY_TOKENS) | st.sampled_from(WITH_PARTS),
    usage=consistent_usages() | any_usages(),
    at=moments,
)
def test_costs_equal_the_package_s_own_calculation(
    listed: tuple[price_types.Provider, price_types.ModelInfo], usage: Usage, at: datetime
) -> None:
    provider, model = listed
    quote = PriceBook().quote(provider.id, model.id, usage, at=at)
    assert quote is not None
    assert quote.source == "price_list"
    assert their_cost(provider, model, usage, at) in (None, quote.cost_usd)


@given(listed=st.sampled_from(WITH_PARTS), usage=consistent_usages(), at=moments)
def test_consistent_usage_is_valid_for_the_package(
    listed: tuple[price_types.Provider, price_types.ModelInfo], usage: Usage, at: datetime
) -> None:
    assert their_cost(*listed, usage, at) is not None


def test_every_model_of_the_list_costs_what_the_package_says() -> None:
    usage = Usage(300_000, 20_000, tokens_cache_read=100_000, tokens_reasoning=5_000)
    differing = [
        (provider.id, model.id)
        for provider, model in SOLD_BY_TOKENS
        if cost(provider.id, model.id, usage) != their_cost(provider, model, usage, NOON)
    ]
    assert differing == []


def edges_of(model: price_types.ModelInfo) -> set[datetime]:
    """Return the moments at which a price begins or ends, those by time of day on one day."""
    edges = set()
    assert isinstance(model.prices, list)
    for period in model.prices:
        match period.constraint:
            case price_types.StartDateConstraint(start_date=day):
                edges.add(datetime(day.year, day.month, day.day, tzinfo=UTC))
            case price_types.TimeOfDateConstraint(start_time=start, end_time=end):
                edges.add(datetime.combine(NOON.date(), start))
                edges.add(datetime.combine(NOON.date(), end))
    return edges


def test_prices_change_at_the_very_moment_that_the_list_says() -> None:
    usage = Usage(1_000_000, 1_000_000, tokens_cache_read=500_000)
    changing = [(p, m) for p, m in SOLD_BY_TOKENS if isinstance(m.prices, list)]
    checked = 0
    for provider, model in changing:
        for edge in edges_of(model):
            for at in (edge - timedelta(microseconds=1), edge, edge + timedelta(seconds=1)):
                ours = cost(provider.id, model.id, usage, at)
                assert ours == their_cost(provider, model, usage, at), (model.id, at)
                checked += 1
    assert checked > 100


def test_the_time_of_day_decides_where_the_list_has_prices_by_it() -> None:
    usage = Usage(1_000_000, 0)
    by_day = datetime(2026, 11, 20, 2, tzinfo=UTC)
    dearer = cost("deepseek", "deepseek-v4-pro", usage, by_day)
    cheaper = cost("deepseek", "deepseek-v4-pro", usage, by_day.replace(hour=23))
    assert dearer is not None
    assert cheaper is not None
    assert dearer == 2 * cheaper


def test_a_call_above_a_tier_pays_its_rate_for_the_whole_call() -> None:
    below = cost("google", "gemini-2.5-pro", Usage(200_000, 0))
    above = cost("google", "gemini-2.5-pro", Usage(200_001, 0))
    assert below == Decimal("0.25")
    assert above == Decimal("0.5000025")


def test_cached_tokens_are_cheaper_and_counted_once() -> None:
    assert calculate_cost("openai", "gpt-4o", 1000, 100, tokens_cache_read=200) == Decimal(
        "0.00325"
    )


@pytest.mark.parametrize(
    ("provider", "model", "parts", "usd"),
    [
        ("anthropic", "claude-sonnet-4-5", {"tokens_cache_write": 1_000_000}, "7.50"),
        ("anthropic", "claude-sonnet-4-5", {"tokens_cache_write_1h": 1_000_000}, "12"),
        ("openai", "gpt-4o-realtime-preview", {"tokens_audio_in": 1_000_000}, "40"),
        ("openai", "gpt-4o", {"tokens_audio_in": 1_000_000}, "2.5"),
    ],
)
def test_a_part_pays_its_own_rate_or_its_whole_s(
    provider: str, model: str, parts: dict[str, int], usd: str
) -> None:
    whole = Decimal(usd)
    assert calculate_cost(provider, model, 1_000_000, 0, **parts) == whole  # type: ignore[arg-type]  # counts only


def test_every_call_pays_for_the_request_where_the_list_says_so() -> None:
    assert calculate_cost("perplexity", "sonar", 0, 0) == Decimal("0.012")


def test_an_embedding_pays_for_its_input_only() -> None:
    usage = Usage(1_000_000, None)
    assert cost("openai", "text-embedding-3-small", usage) == Decimal("0.02")
    assert cost("openai", "text-embedding-3-small", replace(usage, tokens_out=5)) == Decimal("0.02")


@pytest.mark.parametrize("tokens", [-5, 1.5, "1", True, float("nan"), 10**40])
def test_counts_that_are_none_cost_none(tokens: Any) -> None:
    assert calculate_cost("openai", "gpt-4o", tokens, 1) is None
    assert calculate_cost("openai", "gpt-4o", 1, 1, tokens_audio_in=tokens) is None


@pytest.mark.parametrize(
    ("provider", "model"),
    [(5, "gpt-4o"), ("openai", 5), (None, None), ("openai", ""), ("openai", "x" * 10_000)],
)
def test_names_that_are_none_cost_none(provider: Any, model: Any) -> None:
    assert calculate_cost(provider, model, 1, 1) is None


def test_a_moment_without_a_zone_is_utc_and_what_is_no_moment_costs_none() -> None:
    naive = NOON.replace(tzinfo=None)
    told = calculate_cost("deepseek", "deepseek-chat", 1000, 0, at=NOON)
    assert calculate_cost("deepseek", "deepseek-chat", 1000, 0, at=naive) == told is not None
    nonsense: Any = "yesterday"
    assert calculate_cost("deepseek", "deepseek-chat", 1000, 0, at=nonsense) is None


@given(st.text() | st.none(), st.text(), st.lists(st.integers(), min_size=11, max_size=11))
def test_nothing_that_is_asked_raises(provider: str | None, model: str, numbers: list[int]) -> None:
    for seller, name in ((provider, model), ("openai", "gpt-realtime"), ("aws", f"arn:{model}")):
        answer = cost(seller, name, Usage(*numbers))
        assert answer is None or answer >= 0
        answer = calculate_cost(seller, name, *numbers[:2], tokens_audio_in=numbers[2])
        assert answer is None or answer >= 0


def test_the_program_s_own_decimal_context_changes_nothing() -> None:
    with localcontext(prec=3):
        assert calculate_cost("openai", "gpt-4o", 123_457, 1) == Decimal("0.308652500")


def test_a_count_that_is_not_known_makes_the_cost_unknown() -> None:
    assert cost("openai", "gpt-4o", Usage(1000, None)) is None
    assert cost("openai", "gpt-4o", Usage(None, 1000)) is None


@pytest.mark.parametrize(
    ("usage", "usd"),
    [
        (Usage(100, 10, tokens_cache_read=500), "0.000225"),
        (Usage(100, 0, tokens_cache_read=-5), "0.00025"),
        (Usage(100, 0, tokens_cache_read=70, tokens_cache_write=70), "0.0001625"),
    ],
)
def test_a_part_larger_than_its_whole_is_taken_as_the_whole(usage: Usage, usd: str) -> None:
    assert cost("openai", "gpt-4o", usage) == Decimal(usd)


@given(usage=any_usages())
def test_the_parts_never_cost_more_than_the_dearest_rate_for_the_whole(usage: Usage) -> None:
    most = Decimal(usage.tokens_in or 0) * 40 + Decimal(usage.tokens_out or 0) * 80
    paid = cost("openai", "gpt-4o-realtime-preview", usage)
    assert paid is not None
    assert 0 <= paid <= most / 1_000_000 + Decimal("1e-9")


@pytest.mark.parametrize(
    ("provider", "model", "usage"),
    [
        ("openai", "a-model-that-nobody-sells", Usage(10, 10)),
        ("a-provider-of-our-own", "gpt-4o", Usage(10, 10)),
        ("openai", "gpt-4o", Usage()),
        ("openai", None, Usage(10, 10)),
        (None, None, Usage(10, 10)),
        (None, "gpt-4o", Usage(10, 10)),
        ("openai", "whisper-1", Usage(10, 10)),
        ("cerebras", "qwen-3-coder-480b", Usage(10, 10)),
    ],
)
def test_what_is_not_known_costs_none_and_not_zero(
    provider: str | None, model: str | None, usage: Usage
) -> None:
    assert cost(provider, model, usage) is None


@pytest.mark.parametrize("provider", ["ollama", "vllm", "lmstudio", "llama.cpp", "LM Studio"])
def test_a_model_on_the_user_s_own_machine_costs_nothing(provider: str) -> None:
    quote = PriceBook().quote(provider, "llama3.2", Usage(1000, 1000), at=NOON)
    assert quote is not None
    assert (quote.cost_usd, quote.version) == (Decimal(0), "local")


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openrouter", "meta-llama/llama-3.3-70b-instruct:free"),
        ("openrouter", "a/model-of-tomorrow:free"),
        ("google", "gemma-3-27b-it"),
        ("github-copilot", "gpt-4o"),
    ],
)
def test_what_the_vendor_gives_away_costs_nothing(provider: str, model: str) -> None:
    assert cost(provider, model, Usage(1000, 1000)) == 0


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


def test_the_list_s_rows_tell_the_rates_of_every_part() -> None:
    rows = {(row.provider, row.model): row for row in price_list()}
    audio = rows["openai", "gpt-4o-realtime-preview"]
    assert audio.audio_in_cost_per_mtok == 40
    assert audio.audio_out_cost_per_mtok == 80
    assert rows["anthropic", "claude-sonnet-4-5"].cache_write_1h_cost_per_mtok == 6
    assert rows["perplexity", "sonar"].cost_per_thousand_requests == 12


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
