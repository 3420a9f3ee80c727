from __future__ import annotations

import pytest

from otel_bridge.span_processor.complaints import Complaints


def test_a_topic_is_told_once_per_minute_with_the_number_of_times_it_was_not(
    caplog: pytest.LogCaptureFixture,
):
    now = [0.0]
    complaints = Complaints(clock=lambda: now[0])
    for _ in range(3):
        complaints.warn("disk", "full")
    complaints.warn("network", "gone")
    now[0] = 61.0
    complaints.warn("disk", "full")
    assert caplog.messages == ["full", "gone", "full (2 times more since the last line)"]


def test_a_failure_is_told_with_its_traceback(caplog: pytest.LogCaptureFixture):
    complaints = Complaints()
    complaints.failed("on_end", ValueError("boom"))
    assert "otel_bridge failed in on_end" in caplog.text
    assert "ValueError: boom" in caplog.text
