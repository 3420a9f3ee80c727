"""The bridge in processes of its own: their end, and their children."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from tests.otel_bridge.ingest_server import Hang, IngestServer

_BEGIN = """
import os, sys
from opentelemetry import trace
from otel_bridge.span_processor.configure import configure
from otel_bridge.sdk import agent

processor = configure(schedule_delay_ms=60_000, heartbeat_interval_s=0)

def run(name):
    with agent(name):
        pass
"""


def _run(server: IngestServer, program: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "OBS_ENDPOINT": server.url, "OBS_API_KEY": "obsk_test"}
    return subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", _BEGIN + program],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def _finished(server: IngestServer) -> list[str]:
    return sorted(
        event["agent"] for event in server.events if event["event_type"] == "run_finished"
    )


def test_what_is_queued_when_the_program_ends_is_delivered(server: IngestServer):
    done = _run(server, "run('last words')")
    assert (done.returncode, done.stderr) == (0, "")
    assert _finished(server) == ["last words"]


def test_a_provider_without_an_exit_handler_loses_nothing_either(server: IngestServer):
    program = """
from opentelemetry.sdk.trace import TracerProvider
provider = TracerProvider(shutdown_on_exit=False)
configure(tracer_provider=provider)
provider.get_tracer("x").start_span("invoke_agent x", attributes={
    "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "unattended"}).end()
"""
    done = _run(server, program)
    assert (done.returncode, done.stderr) == (0, "")
    assert _finished(server) == ["unattended"]


def test_spans_that_end_while_the_interpreter_does_are_delivered(server: IngestServer):
    program = """
import atexit
atexit.register(run, "in an exit handler")
"""
    done = _run(server, program)
    assert (done.returncode, done.stderr) == (0, "")
    assert _finished(server) == ["in an exit handler"]


def test_a_server_that_hangs_does_not_keep_the_program_from_ending(server: IngestServer):
    server.answer_with(*[Hang()] * 5)
    began = time.monotonic()
    done = _run(server, "configure(shutdown_timeout_ms=100, heartbeat_interval_s=0)\nrun('x')")
    assert done.returncode == 0
    assert time.monotonic() - began < 20


def test_after_a_fork_parent_and_child_each_deliver_their_own_spans_once(server: IngestServer):
    program = """
run("before")
child = os.fork()
if child == 0:
    assert not any(processor.losses.values())
    run("child")
    assert processor.force_flush(10_000)
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
run("parent")
"""
    done = _run(server, program)
    assert (done.returncode, done.stderr) == (0, "")
    assert _finished(server) == ["before", "child", "parent"]


def test_a_pool_of_forked_processes_delivers_through_a_parent_that_is_busy(server: IngestServer):
    program = """
import threading
stop = threading.Event()
def busy():
    while not stop.is_set():
        run("busy")
threads = [threading.Thread(target=busy) for _ in range(3)]
[thread.start() for thread in threads]
children = []
for number in range(5):
    child = os.fork()
    if child == 0:
        run(f"child {number}")
        os._exit(0 if processor.force_flush(20_000) else 1)
    children.append(child)
assert all(os.waitpid(child, 0)[1] == 0 for child in children)
stop.set()
[thread.join() for thread in threads]
"""
    done = _run(server, program)
    assert done.returncode == 0, done.stderr
    children = [agent for agent in _finished(server) if agent != "busy"]
    assert children == [f"child {number}" for number in range(5)]
