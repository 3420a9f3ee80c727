"""Windows cut into whole days, hours and quarter-hours of a time zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.store.calendars import Calendar
from backend.store.levels import FOLDED, QUARTERS, Key, cut, levels_for
from backend.store.windows import DAY_US, HOUR_US, QUARTER_US, Span
from otel_bridge.event import micros

ZONES = st.sampled_from(
    [
        *("UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Africa/Cairo"),
        *("America/Havana", "America/Sao_Paulo", "Australia/Lord_Howe", "Pacific/Apia"),
    ]
).map(ZoneInfo)
TIMES = st.integers(
    micros(datetime(2008, 1, 1, tzinfo=UTC)), micros(datetime(2037, 1, 1, tzinfo=UTC))
)
STEPS: Any = ("day", "hour", "quarter")
LEVELS = levels_for(set(), STEPS)


@given(TIMES, st.integers(-1, 3 * DAY_US), ZONES)
def test_the_parts_of_a_window_fill_it_without_overlap(
    start_us: int, length_us: int, zone: ZoneInfo
) -> None:
    window = Span(start_us, start_us + length_us)
    parts = sorted((part.start_us, part.end_us) for _, part in cut(window, LEVELS, Calendar(zone)))
    if length_us <= 0:
        assert parts == []
        return
    assert (parts[0][0], parts[-1][1]) == (window.start_us, window.end_us)
    assert all(one[1] == other[0] for one, other in pairwise(parts))


@given(TIMES, st.integers(1, 3 * DAY_US), st.integers(0, 10**6), ZONES)
def test_what_lies_in_a_part_lies_in_a_piece_of_its_level_that_begins_in_the_part(
    start_us: int, length_us: int, share: int, zone: ZoneInfo
) -> None:
    window, calendar = Span(start_us, start_us + length_us), Calendar(zone)
    for level, part in cut(window, LEVELS, calendar):
        at_us = part.start_us + (part.end_us - part.start_us) * share // (10**6 + 1)
        if level is not None:
            quarter_us = calendar.start_of("quarter", at_us)
            piece_us = calendar.start_of(level.step, quarter_us)
            assert part.start_us <= piece_us <= at_us
            assert piece_us in calendar.starts(level.step, part)
            last_us = calendar.start_of(level.step, part.end_us - QUARTER_US)
            assert last_us < part.end_us


@given(TIMES, ZONES)
def test_a_piece_begins_where_the_one_before_it_ends(time_us: int, zone: ZoneInfo) -> None:
    calendar = Calendar(zone)
    day = calendar.piece("day", calendar.start_of("day", time_us))
    assert day.start_us <= time_us < day.end_us
    assert calendar.start_of("day", day.end_us) == day.end_us
    assert list(calendar.starts("day", Span(day.start_us, day.end_us + 1))) == [
        day.start_us,
        day.end_us,
    ]


def test_most_of_a_month_is_read_by_days() -> None:
    start_us = micros(datetime(2026, 3, 1, 10, 20, tzinfo=UTC))
    span = Span(start_us, start_us + 40 * DAY_US)
    parts = [(level and level.step, part) for level, part in cut(span, LEVELS, Calendar(UTC))]
    lengths = {step: part.end_us - part.start_us for step, part in parts if step == "day"}
    assert lengths == {"day": 39 * DAY_US}
    assert [step for step, _ in parts] == ["day", "hour", "quarter", None, "hour", "quarter", None]


def test_hours_that_begin_at_other_minutes_are_not_read_by_hours() -> None:
    zone = ZoneInfo("Australia/Lord_Howe")
    change_us = micros(datetime(2026, 4, 4, 15, tzinfo=UTC))
    window = Span(change_us - 3 * HOUR_US, change_us + 3 * HOUR_US)
    assert {level and level.step for level, _ in cut(window, LEVELS, Calendar(zone))} == {"quarter"}


@pytest.mark.parametrize(
    ("minutes", "zone", "together"),
    [(0, "Europe/Berlin", True), (30, "Asia/Kolkata", False), (45, "Asia/Kathmandu", False)],
)
def test_zones_share_their_hours_when_these_begin_together(
    minutes: int, zone: str, together: bool
) -> None:
    start_us = micros(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes))
    window = Span(start_us, start_us + DAY_US)
    assert Calendar(UTC).has_hours_of(ZoneInfo(zone), window) is together


@pytest.mark.parametrize(
    ("dimensions", "numbers"),
    [
        (set(), [4, 1, 0]),
        ({"model"}, [4, 2, 0]),
        ({"agent_id", "status"}, [5, 3, 0]),
        ({"agent_id", "tool"}, [6, 0]),
    ],
)
def test_a_question_is_answered_from_the_smallest_levels_that_know_its_dimensions(
    dimensions: set[str], numbers: list[int]
) -> None:
    assert [level.number for level in levels_for(dimensions, STEPS)] == numbers


def test_a_level_keeps_what_it_tells_of_a_key_and_nothing_else() -> None:
    key = Key(0, 7, "llm_call", "error", "openai", "m", "")
    for level in (*FOLDED, QUARTERS):
        folded = level.key_of(key, 5)
        assert folded.bucket_us == 5
        for name in ("agent_id", "event_type", "status", "provider", "model"):
            kept = getattr(key, name) if level.tells({name}) else type(getattr(key, name))()
            assert getattr(folded, name) == kept
