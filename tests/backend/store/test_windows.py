"""Windows, quarter-hours and local days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.store.windows import (
    DAY_US,
    HOUR_US,
    QUARTER_US,
    Window,
    day_at,
    day_window,
    offsets_within,
    split,
)
from otel_bridge.event import micros

ZONES = [
    ZoneInfo(name)
    for name in (
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "Asia/Kathmandu",
        "Australia/Lord_Howe",
        "Pacific/Apia",
    )
]
TIMES = st.integers(
    micros(datetime(2000, 1, 1, tzinfo=UTC)), micros(datetime(2037, 1, 1, tzinfo=UTC))
)


@given(st.integers(0, 4 * QUARTER_US), st.integers(0, 4 * QUARTER_US))
def test_the_parts_of_a_window_fill_it_without_overlap(start_us: int, end_us: int) -> None:
    middle, edges = split(Window(start_us, end_us))
    parts = sorted((part.start_us, part.end_us) for part in [middle, *edges] if part)
    if start_us >= end_us:
        assert parts == []
        return
    assert (parts[0][0], parts[-1][1]) == (start_us, end_us)
    assert all(one[1] == other[0] for one, other in pairwise(parts))
    if middle is not None:
        assert middle.start_us is not None
        assert middle.end_us is not None
        assert middle.start_us % QUARTER_US == middle.end_us % QUARTER_US == 0


def test_an_open_window_has_edges_only_where_it_ends() -> None:
    assert split(Window()) == (Window(), [])
    assert split(Window(1, None)) == (Window(QUARTER_US, None), [Window(1, QUARTER_US)])
    assert split(Window(None, QUARTER_US + 1)) == (
        Window(None, QUARTER_US),
        [Window(QUARTER_US, QUARTER_US + 1)],
    )


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 6, 1), 24)]
)
def test_a_local_day_is_as_long_as_it_is(day: date, hours: int) -> None:
    window = day_window(day, ZoneInfo("Europe/Berlin"))
    assert window.start_us is not None
    assert window.end_us is not None
    assert window.end_us - window.start_us == hours * HOUR_US
    assert day_at(window.start_us, ZoneInfo("Europe/Berlin")) == day
    assert day_at(window.end_us - 1, ZoneInfo("Europe/Berlin")) == day


@given(TIMES, st.integers(1, 400), st.integers(0, 399), st.sampled_from(ZONES))
def test_offsets_are_those_of_the_zone(
    start_us: int, days: int, probe: int, zone: ZoneInfo
) -> None:
    end_us = start_us + days * DAY_US
    at_us = start_us + (end_us - start_us) * probe // 400 // QUARTER_US * QUARTER_US
    local = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at_us)).astimezone(zone)
    expected = (local.utcoffset() or timedelta()) // timedelta(microseconds=1)
    assert offsets_within(start_us, end_us, zone).at(at_us) == expected
