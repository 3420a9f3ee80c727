"""Client processes that post prepared bodies, and what the server's processes used meanwhile."""

from __future__ import annotations

import http.client
import json
import multiprocessing
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Barrier

import psutil

from bench.workload import Template

_READY_WITHIN_S = 60.0


@dataclass(frozen=True, slots=True)
class Plan:
    """How hard to push: each of `clients` posts until `seconds` are over or `bodies` are sent."""

    clients: int
    seconds: float
    bodies: int


@dataclass(frozen=True, slots=True)
class Pushed:
    """What one client, or all of them, got answered with 200; times are of the monotonic clock."""

    requests: int
    started_s: float
    finished_s: float


@dataclass(frozen=True, slots=True)
class _Job:
    template: Template
    plan: Plan
    port: int
    key: str
    barrier: Barrier
    results: SimpleQueue[Pushed | str]


@dataclass(frozen=True, slots=True)
class Memory:
    """Memory of a process tree in bytes. PSS counts shared pages once."""

    pss: int
    rss: int


def push(template: Template, plan: Plan, *, port: int, key: str) -> Pushed:
    """Return what was answered with 200 by all clients, from the first post to the last answer."""
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(plan.clients)
    results: SimpleQueue[Pushed | str] = context.SimpleQueue()
    job = _Job(template, plan, port, key, barrier, results)
    processes = [
        context.Process(target=_client, args=(job,), daemon=True) for _ in range(plan.clients)
    ]
    for process in processes:
        process.start()
    answers = [results.get() for _ in processes]
    for process in processes:
        process.join()
    return _together(answers)


def _together(answers: Sequence[Pushed | str]) -> Pushed:
    pushed = [answer for answer in answers if isinstance(answer, Pushed)]
    failures = [answer for answer in answers if isinstance(answer, str)]
    if failures:
        raise RuntimeError(failures[0])
    return Pushed(
        sum(part.requests for part in pushed),
        min(part.started_s for part in pushed),
        max(part.finished_s for part in pushed),
    )


def _client(job: _Job) -> None:
    """Prepare all bodies, wait for the other clients, then post one after the other."""
    bodies = [job.template.copy() for _ in range(job.plan.bodies)]
    job.barrier.wait(_READY_WITHIN_S)
    try:
        job.results.put(_post_all(job, bodies))
    except (OSError, http.client.HTTPException, _NotTakenError) as error:
        job.results.put(f"{type(error).__name__}: {error}")


def _post_all(job: _Job, bodies: Sequence[bytes]) -> Pushed:
    headers = {"Authorization": f"Bearer {job.key}", "Content-Type": job.template.content_type}
    connection = http.client.HTTPConnection("127.0.0.1", job.port, timeout=60)
    started_s = time.monotonic()
    sent = 0
    while sent < len(bodies) and time.monotonic() < started_s + job.plan.seconds:
        connection.request("POST", job.template.path, bodies[sent], headers)
        response = connection.getresponse()
        answer = response.read()
        if response.status != 200 or not _is_all(job.template, answer):
            raise _NotTakenError(f"the server answered {response.status}: {answer[:300]!r}")
        sent += 1
    connection.close()
    return Pushed(sent, started_s, time.monotonic())


class _NotTakenError(Exception):
    """The server did not take a whole body."""


def _is_all(template: Template, answer: bytes) -> bool:
    if template.content_type != "application/json":
        return answer == b""
    return bool(json.loads(answer)["accepted"] == template.rows)


def cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process and its children until now, user and system."""
    times = [process.cpu_times() for process in _tree(pid)]
    return sum(time.user + time.system for time in times)


def memory(pid: int) -> Memory:
    """Return the memory of a process and its children."""
    infos = [process.memory_full_info() for process in _tree(pid)]
    return Memory(sum(info.pss for info in infos), sum(info.rss for info in infos))


def _tree(pid: int) -> list[psutil.Process]:
    root = psutil.Process(pid)
    return [root, *root.children(recursive=True)]
