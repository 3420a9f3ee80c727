"""One capture through the processor and through `/v1/traces` gives equal events."""

from __future__ import annotations

import pytest

from otel_bridge.span_processor.config import BridgeConfig
from otel_bridge.span_processor.processor import ObsSpanProcessor
from tests.e2e.conftest import NewWorkspace
from tests.e2e.sdk_replay import replay_through
from tests.e2e.workspace import Workspace
from tests.truth.captures import PROVEN, Capture

pytestmark = pytest.mark.e2e


def _send_by_processor(workspace: Workspace, capture: Capture) -> None:
    processor = ObsSpanProcessor(
        BridgeConfig(
            endpoint=workspace.server.base_url,
            api_key=workspace.key,
            heartbeat_interval_s=0,
            schedule_delay_ms=50,
        )
    )
    replay_through(processor, capture.request)
    assert processor.force_flush()
    processor.shutdown()
    assert not any(processor.losses.values())


@pytest.mark.parametrize("name", PROVEN)
def test_the_processor_and_otlp_store_equal_events(name: str, new_workspace: NewWorkspace) -> None:
    capture = Capture.named(name)
    by_processor, by_otlp = new_workspace(), new_workspace()
    _send_by_processor(by_processor, capture)
    by_otlp.send_otlp(capture.body)
    assert by_processor.events_by_key() == by_otlp.events_by_key()
    assert by_processor.totals() == by_otlp.totals()


def test_both_ways_at_once_still_count_once(new_workspace: NewWorkspace) -> None:
    capture = Capture.named("openinference-openai")
    one_way, both_ways = new_workspace(), new_workspace()
    one_way.send_otlp(capture.body)
    both_ways.send_otlp(capture.body)
    _send_by_processor(both_ways, capture)
    assert both_ways.totals() == one_way.totals()
