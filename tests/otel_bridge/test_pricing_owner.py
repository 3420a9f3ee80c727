"""The owner's own prices: which call each of them is for, and what it says of a call's parts."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from otel_bridge.facts import Usage
from otel_bridge.pricing import Price, PriceBook, Quote

NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)
MILLION = Usage(1_000_000, 0)


def own_price(
    provider: str, model: str, usd: int | str = 7, *, effective_from: datetime | None = None
) -> Price:
    return Price(provider, model, Decimal(usd), Decimal(0), effective_from=effective_from)


def quoted(book: PriceBook, provider: str, model: str, usage: Usage = MILLION) -> Quote | None:
    return book.quote(provider, model, usage, at=NOON)


@pytest.mark.parametrize(
    ("row", "call"),
    [
        (("openai", "gpt-4o"), ("openai", "gpt-4o")),
        (("OpenAI", "GPT-4o"), ("openai", "gpt-4o")),
        (("openai", "gpt-4o"), ("OpenAI", "gpt-4o")),
        (("openai", "gpt-4o"), ("openai", "gpt-4o-2024-08-06")),
        (("openai", "gpt-4o"), ("openai", "openai/gpt-4o")),
        (("google", "models/gemini-2.5-flash"), ("google", "gemini-2.5-flash")),
        (("Bedrock", "anthropic.claude-x"), ("aws", "us.anthropic.claude-x-20270101-v1:0")),
        (("azure", "my-deployment"), ("azure", "my-deployment")),
        (("My Gateway", "mine"), ("my_gateway", "mine")),
        (("ollama", "llama3.2"), ("ollama", "llama3.2")),
        (("openai", "ft:gpt-4o:org::id"), ("openai", "ft:gpt-4o:org::id")),
    ],
)
def test_a_row_is_for_its_model_and_the_releases_of_it(
    row: tuple[str, str], call: tuple[str, str]
) -> None:
    quote = quoted(PriceBook([own_price(*row)]), *call)
    assert quote is not None
    assert (quote.cost_usd, quote.source, quote.version) == (Decimal(7), "owner", "owner")


@pytest.mark.parametrize(
    ("row", "call"),
    [
        (("azure", "gpt-4o"), ("openai", "gpt-4o")),
        (("openai", "gpt-4o"), ("openai", "gpt-4o-mini")),
        (("openai", "gpt-4o"), ("openai", "gpt-4o-audio-preview")),
        (("openai", "gpt-4o"), ("openai", "ft:gpt-4o-2024-08-06:org::id")),
        (("openai", "gpt-4o-2024-08-06"), ("openai", "gpt-4o")),
        (("openai", "gpt-4o-2024-08-06"), ("openai", "gpt-4o-2024-05-13")),
    ],
)
def test_a_row_is_for_no_other_model(row: tuple[str, str], call: tuple[str, str]) -> None:
    quote = quoted(PriceBook([own_price(*row)]), *call)
    assert quote is not None
    assert quote.source == "price_list"


def test_the_row_of_the_very_release_goes_before_the_model_s() -> None:
    book = PriceBook([own_price("openai", "x", 1), own_price("openai", "x-2026-01-01", 2)])
    quote = quoted(book, "openai", "x-2026-01-01")
    assert quote is not None
    assert quote.cost_usd == 2


def test_the_owner_s_later_row_goes_before_the_earlier_one() -> None:
    rows = [
        own_price("openai", "x", n, effective_from=datetime(2026, n, 1, tzinfo=UTC))
        for n in (1, 3, 2)
    ]
    quote = quoted(PriceBook(rows), "openai", "x")
    assert quote is not None
    assert (quote.cost_usd, quote.version) == (Decimal(3), "owner 2026-03-01")


def test_a_row_without_a_price_for_its_parts_charges_them_as_their_whole() -> None:
    row = Price("openai", "x", Decimal(2), Decimal(4))
    usage = Usage(
        1_000_000,
        1_000_000,
        tokens_cache_read=200_000,
        tokens_cache_write=100_000,
        tokens_reasoning=500_000,
        tokens_audio_in=100_000,
        tokens_image_out=100_000,
    )
    quote = quoted(PriceBook([row]), "openai", "x", usage)
    assert quote is not None
    assert quote.cost_usd == 6


def test_a_row_may_price_every_part() -> None:
    row = Price(
        "openai",
        "x",
        Decimal(1),
        Decimal(100),
        cache_read_cost_per_mtok=Decimal(2),
        cache_write_cost_per_mtok=Decimal(3),
        cache_write_1h_cost_per_mtok=Decimal(4),
        reasoning_cost_per_mtok=Decimal(200),
        audio_in_cost_per_mtok=Decimal(5),
        audio_cache_read_cost_per_mtok=Decimal(6),
        audio_out_cost_per_mtok=Decimal(300),
        image_in_cost_per_mtok=Decimal(7),
        image_out_cost_per_mtok=Decimal(400),
        cost_per_thousand_requests=Decimal(8000),
    )
    million = 1_000_000
    usage = Usage(
        tokens_in=7 * million,
        tokens_out=4 * million,
        tokens_cache_read=2 * million,
        tokens_cache_write=2 * million,
        tokens_reasoning=million,
        tokens_cache_write_1h=million,
        tokens_audio_in=2 * million,
        tokens_audio_cache_read=million,
        tokens_audio_out=million,
        tokens_image_in=million,
        tokens_image_out=million,
    )
    quote = quoted(PriceBook([row]), "openai", "x", usage)
    assert quote is not None
    assert quote.cost_usd == (1 + 2 + 3 + 4 + 5 + 6 + 7) + (100 + 200 + 300 + 400) + 8


def test_an_owner_may_set_only_the_price_of_what_is_kept_for_an_hour() -> None:
    row = Price("openai", "x", Decimal(1), None, cache_write_1h_cost_per_mtok=Decimal(3))
    usage = Usage(1_000_000, 0, tokens_cache_write=800_000, tokens_cache_write_1h=500_000)
    quote = quoted(PriceBook([row]), "openai", "x", usage)
    assert quote is not None
    assert quote.cost_usd == 2


def test_a_row_without_a_needed_price_makes_the_cost_unknown() -> None:
    row = Price("openai", "gpt-4o", Decimal(1), None)
    assert quoted(PriceBook([row]), "openai", "gpt-4o", Usage(10, 10)) is None
