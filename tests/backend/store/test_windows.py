"""Windows, quarter-hours and local days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.store.windows import (
    DAY_US,
    HOUR_US,
    QUARTER_US,
    day_at,
    day_window,
    offsets_within,
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


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 6, 1), 24)]
)
def test_a_local_day_is_as_long_as_it_is(day: date, hours: int) -> None:
    window = day_window(day, ZoneInfo("Europe/Berlin"))
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
