from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from otel_bridge.span_processor.losses import REASONS, Losses


def test_every_reason_is_told_from_the_start():
    assert Losses().snapshot() == dict.fromkeys(REASONS, 0)


def test_counts_from_many_threads_are_all_counted():
    losses = Losses()
    with ThreadPoolExecutor(8) as pool:
        for _ in range(1000):
            pool.submit(losses.add, "queue_full", 2)
    assert losses.snapshot()["queue_full"] == 2000
    assert losses.total == 2000


def test_a_snapshot_does_not_change_later():
    losses = Losses()
    before = losses.snapshot()
    losses.add("rejected")
    assert before["rejected"] == 0
