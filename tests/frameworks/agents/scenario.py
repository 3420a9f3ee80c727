"""What every agent program shares: the bridge, the tools, and a ledger of what really happened.

The ledger is a file of JSON lines, written by the tools and around the runs themselves, so that the
numbers of the backend can be compared with something that no tracer has seen.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

import otel_bridge

TWO_TOOLS = "Use get_weather and get_time at once."
BROKEN_TOOL = "Use read_sensor."
REFUSED = "Refuse this."
SHORT = "Say something."

#: Answers with reasoning tokens.
THINKER = "o4-mini"
MODEL = "gpt-4o-mini"
CLAUDE = "claude-sonnet-4-5"


@contextmanager
def observed() -> Iterator[TracerProvider]:
    """Set the bridge up as `OBS_ENDPOINT` and `OBS_API_KEY` say; at the end all is delivered."""
    provider = TracerProvider()
    trace.set_tracer_provider(provider)
    processor = otel_bridge.configure(agent="the-program")
    yield provider
    if not processor.force_flush() or any(processor.losses.values()):
        raise RuntimeError(f"not delivered: {processor.losses}")
    provider.shutdown()


@contextmanager
def run(agent: str, *, fails: bool = False) -> Iterator[None]:
    """A run of an agent; one that is to fail must raise."""
    try:
        yield
    except Exception:  # each framework raises a type of its own for a refused call
        if not fails:
            raise
    else:
        if fails:
            raise RuntimeError(f"{agent} did not fail")
    write_down(run=agent, ok=not fails)


def get_weather(city: str) -> str:
    """Return today's weather in a city."""
    write_down(tool="get_weather", ok=True)
    return f"sunny in {city}"


def get_time(city: str) -> str:
    """Return the time in a city."""
    write_down(tool="get_time", ok=True)
    return f"noon in {city}"


def read_sensor(city: str) -> str:
    """Return what the sensor of a city says."""
    write_down(tool="read_sensor", ok=False)
    raise RuntimeError(f"the sensor in {city} is broken")


def write_down(**fact: object) -> None:
    """Append a line to the ledger."""
    with Path(os.environ["LEDGER"]).open("a", encoding="utf-8") as ledger:
        ledger.write(json.dumps(fact) + "\n")
