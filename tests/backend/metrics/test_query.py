"""Query parameters are read strictly."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.errors import ApiError
from backend.metrics.query import Query
from otel_bridge.event import micros

TODAY = date(2026, 6, 15)


def query(**args: str) -> Query:
    return Query({name.rstrip("_"): value for name, value in args.items()}, UTC)


def us(*parts: int) -> int:
    return micros(datetime(*parts, tzinfo=UTC))  # type: ignore[misc,arg-type]  # parts of a date


def test_nothing_given_is_no_restriction():
    window = query().window()
    assert (window.start_us, window.end_us) == (None, None)
    assert query().days(today=TODAY, default_days=7) == (date(2026, 6, 9), TODAY)
    page = query().page("event")
    assert (page.limit, page.offset, page.cursor) == (50, 0, None)


def test_days_are_included_on_both_ends():
    window = query(from_="2026-06-01", to="2026-06-02").window()
    assert (window.start_us, window.end_us) == (us(2026, 6, 1), us(2026, 6, 3))
    same = query(from_="2026-06-01", to="2026-06-01")
    assert same.days(today=TODAY, default_days=7) == (date(2026, 6, 1), date(2026, 6, 1))


def test_days_are_the_owners():
    paris = Query({"from": "2026-06-01", "to": "2026-06-01"}, ZoneInfo("Europe/Paris")).window()
    assert (paris.start_us, paris.end_us) == (us(2026, 5, 31, 22), us(2026, 6, 1, 22))


@pytest.mark.parametrize(
    "text",
    [
        "2026-06-01T12:00:00Z",
        "2026-06-01T14:00:00+02:00",
        "2026-06-01T14:00:00 02:00",
        "2026-06-01T14:00:00.000000+02:00",
    ],
)
def test_times_may_have_any_offset_even_where_the_plus_became_a_space(text: str):
    assert query(from_=text).window().start_us == us(2026, 6, 1, 12)


def test_default_days_end_where_to_says():
    days = query(to="2026-01-31").days(today=TODAY, default_days=30)
    assert days == (date(2026, 1, 2), date(2026, 1, 31))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2026-13-01",
        "2026-02-30",
        "20260601",
        "2026-06-01T12:00:00",
        "0000-00-00",
        "1969-12-31",
        "9999-12-31",
        "2026-06-01T25:00:00Z",
        "2026-06-0\N{ARABIC-INDIC DIGIT ONE}",
        "1780272000",
    ],
)
def test_what_is_no_time_is_a_400_that_names_the_parameter(text: str):
    for name in ("from", "to"):
        with pytest.raises(ApiError) as told:
            Query({name: text}, UTC).window()
        assert told.value.status == 400
        assert told.value.message.startswith(name)
        with pytest.raises(ApiError):
            Query({name: text}, UTC).days(today=TODAY, default_days=7)


def test_a_window_must_not_end_before_it_begins():
    with pytest.raises(ApiError, match="before"):
        query(from_="2026-06-02T00:00:00Z", to="2026-06-01T00:00:00Z").window()
    with pytest.raises(ApiError, match="after"):
        query(from_="2026-06-02", to="2026-06-01").days(today=TODAY, default_days=7)


@pytest.mark.parametrize(
    "text", ["", "-1", "0", "201", "ten", "1.0", "+5", " 5", "\u0665", "9" * 30]
)
def test_a_limit_is_a_whole_number_from_1_to_200(text: str):
    with pytest.raises(ApiError, match="limit must be"):
        query(limit=text).page("event")


@pytest.mark.parametrize("text", ["", "A", "AAAA", "%", "\0", "é", "ZTE6eA", "x" * 5000])
def test_a_cursor_is_one_that_the_list_gave(text: str):
    with pytest.raises(ApiError, match="cursor must be"):
        query(cursor=text).page("event")


@given(name=st.sampled_from(["from", "to", "limit", "offset", "cursor", "run_id"]), text=st.text())
def test_no_text_whatever_makes_it_stumble(name: str, text: str):
    asked = Query({name: text}, UTC)
    for read in (asked.window, asked.run_id, lambda: asked.page("run")):
        with suppress(ApiError):
            read()
