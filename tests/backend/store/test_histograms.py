"""Histograms as one value of a row."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.store.histograms import EMPTY, added, packed, plus, unpacked
from backend.store.latency import MAX_LATENCY_MS, bucket_of
from backend.store.sums import Histogram

BUCKETS = st.integers(0, bucket_of(MAX_LATENCY_MS))
COUNTS = st.sampled_from([1, 1, 1, 2, 3, 200, 300, 70_000, 2**33])
HISTOGRAMS = st.one_of(
    st.dictionaries(BUCKETS, COUNTS, max_size=40),
    st.dictionaries(st.integers(150, 190), COUNTS, max_size=40),
).map(Counter)


@given(HISTOGRAMS)
def test_a_histogram_is_what_was_packed(counts: Counter[int]) -> None:
    value = packed(counts)
    assert (unpacked(value) if value else {}) == counts


@given(HISTOGRAMS, HISTOGRAMS)
def test_what_is_added_bit_by_bit_is_what_is_packed_at_once(
    counts: Counter[int], more: Counter[int]
) -> None:
    assert plus(packed(counts), more) == packed(counts + more)
    value = packed(counts)
    for bucket, n in more.items():
        value = plus(value, {bucket: n})
    assert value == packed(counts + more)


@given(HISTOGRAMS, HISTOGRAMS)
def test_what_is_taken_out_leaves_no_trace(counts: Counter[int], more: Counter[int]) -> None:
    both = packed(counts + more)
    left = plus(both, {bucket: -n for bucket, n in more.items()})
    assert left == (packed(counts) or (EMPTY if both else None))


@given(st.lists(HISTOGRAMS, max_size=6))
def test_many_add_up(histograms: list[Counter[int]]) -> None:
    values = [value for value in map(packed, histograms) if value is not None]
    first, counts = added(values)
    found = {bucket: n for bucket, n in enumerate(counts, first) if n}
    assert found == dict(sum(histograms, Counter()))


def test_nothing_can_be_taken_out_that_was_not_put_in() -> None:
    with pytest.raises(ValueError, match="does not hold"):
        plus(packed({7: 1}), {8: -1})


def test_few_latencies_take_few_bytes_and_many_take_lanes() -> None:
    few, many = packed({0: 1, 900: 1}), packed(dict.fromkeys(range(100, 300), 200))
    assert few is not None
    assert many is not None
    assert (len(few), len(many)) == (5, 203)


def test_counts_wider_than_a_lane_make_all_lanes_wider() -> None:
    value = packed(dict.fromkeys(range(20), 255))
    assert value is not None
    wider = plus(value, {3: 1})
    assert wider is not None
    assert len(wider) - len(value) == 20
    assert unpacked(wider)[3] == 256


def test_histograms_are_equal_however_they_are_put_together() -> None:
    few = packed({3: 1}) or EMPTY
    many = packed(dict.fromkeys(range(40), 2)) or EMPTY
    together = packed({**dict.fromkeys(range(40), 2), 3: 3}) or EMPTY
    assert Histogram([few, many]) == Histogram([many, few]) == Histogram([together])
    assert Histogram([few]) != Histogram([many])
