"""The latency histogram."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.store.histograms import packed
from backend.store.latency import MAX_LATENCY_MS, bucket_of, value_of
from backend.store.sums import Histogram

LATENCIES = st.one_of(st.integers(0, 200), st.integers(0, 100_000), st.integers(0, MAX_LATENCY_MS))


@given(LATENCIES)
def test_a_bucket_tells_its_latencies_within_one_percent(latency_ms: int) -> None:
    told = value_of(bucket_of(latency_ms))
    assert abs(told - latency_ms) * 100 <= latency_ms


@given(LATENCIES)
def test_a_longer_latency_never_falls_into_an_earlier_bucket(latency_ms: int) -> None:
    assert bucket_of(latency_ms) <= bucket_of(latency_ms + 1)


@pytest.mark.parametrize("latency_ms", range(99))
def test_short_latencies_are_told_exactly(latency_ms: int) -> None:
    assert value_of(bucket_of(latency_ms)) == latency_ms


def test_zero_has_a_bucket_of_its_own() -> None:
    assert bucket_of(0) == 0
    assert bucket_of(1) == 1


def test_a_century_fits_into_few_buckets() -> None:
    assert bucket_of(MAX_LATENCY_MS) < 1400
    assert bucket_of(10**15) == bucket_of(MAX_LATENCY_MS)


@given(
    st.lists(LATENCIES, min_size=1, max_size=200), st.sampled_from([0.0, 0.5, 0.9, 0.95, 0.99, 1.0])
)
def test_a_quantile_is_within_one_percent_of_the_nearest_rank(
    latencies: list[int], q: float
) -> None:
    exact = sorted(latencies)[max(1, ceil(round(q * len(latencies), 6))) - 1]
    told = histogram_of(latencies).quantile(q)
    assert told is not None
    assert abs(told - exact) * 100 <= exact


def test_there_is_no_quantile_of_nothing() -> None:
    assert Histogram().quantile(0.5) is None


def test_the_median_of_a_hundred_calls_is_the_fiftieth() -> None:
    assert histogram_of(range(1, 101)).quantile(0.55) == 55


def histogram_of(latencies: Iterable[int]) -> Histogram:
    value = packed(Counter(map(bucket_of, latencies)))
    return Histogram([] if value is None else [value])
