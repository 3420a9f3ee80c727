"""Client processes that post prepared bodies, and what the servers used meanwhile."""

from __future__ import annotations

import http.client
import json
import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import pairwise
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Barrier
from typing import TypeVar

import psutil

from bench.workload import Template

_T = TypeVar("_T")

_READY_WITHIN_S = 60.0
_WATCH_EVERY_S = 0.25


@dataclass(frozen=True, slots=True)
class Plan:
    """How hard to push: each of `clients` posts until `seconds` are over or `bodies` are sent."""

    clients: int
    seconds: float
    bodies: int


@dataclass(frozen=True, slots=True)
class Pushed:
    """What one client, or all of them, got answered with 200; times are of the monotonic clock."""

    started_s: float
    finished_s: float
    #: How long each request took.
    took_s: Sequence[float]


@dataclass(frozen=True, slots=True)
class _Job:
    template: Template
    plan: Plan
    port: int
    key: str
    barrier: Barrier
    results: SimpleQueue[Pushed | str]


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
        min(part.started_s for part in pushed),
        max(part.finished_s for part in pushed),
        [took_s for part in pushed for took_s in part.took_s],
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
    moments = [time.monotonic()]
    while len(moments) <= len(bodies) and moments[-1] < moments[0] + job.plan.seconds:
        connection.request("POST", job.template.path, bodies[len(moments) - 1], headers)
        response = connection.getresponse()
        answer = response.read()
        if response.status != 200 or not _is_all(job.template, answer):
            raise _NotTakenError(f"the server answered {response.status}: {answer[:300]!r}")
        moments.append(time.monotonic())
    connection.close()
    took_s = [end - start for start, end in pairwise(moments)]
    return Pushed(moments[0], moments[-1], took_s)


class _NotTakenError(Exception):
    """The server did not take a whole body."""


def _is_all(template: Template, answer: bytes) -> bool:
    if template.content_type != "application/json":
        return answer == b""
    return bool(json.loads(answer)["accepted"] == template.rows)


def cpu_seconds(*pids: int) -> float:
    """Return the CPU time of processes and their children until now, the ended ones included."""
    times = _of_trees(pids, psutil.Process.cpu_times)
    return sum(
        time.user + time.system + time.children_user + time.children_system for time in times
    )


@dataclass(slots=True)
class Memory:
    """The most memory that was seen, in bytes of PSS, which counts shared pages once."""

    pss: int = 0


@contextmanager
def watched_memory(pid: int) -> Iterator[Memory]:
    """Look at the memory of a process and its children again and again."""
    memory, done = Memory(), threading.Event()

    def watch() -> None:
        while not done.wait(_WATCH_EVERY_S):
            memory.pss = max(memory.pss, memory_of(pid))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield memory
    finally:
        done.set()
        thread.join()


def memory_of(pid: int) -> int:
    """Return the memory of a process and its children in bytes of PSS."""
    return sum(info.pss for info in _of_trees([pid], psutil.Process.memory_full_info))


def _of_trees(pids: Sequence[int], ask: Callable[[psutil.Process], _T]) -> list[_T]:
    """Return the answers of processes and their children; who ends meanwhile is left out."""
    answers: list[_T] = []
    for pid in pids:
        root = psutil.Process(pid)
        for process in (*root.children(recursive=True), root):
            with suppress(psutil.NoSuchProcess):
                answers.append(ask(process))
    return answers
