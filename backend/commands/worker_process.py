"""How a worker process of the server begins, and how it ends with the server."""

from __future__ import annotations

import ctypes
import gc
import multiprocessing
import os
import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

_PR_SET_PDEATHSIG = 1
#: glibc's name for how many arenas it may have; threads that take turns need few.
_M_ARENA_MAX = -8
_ARENAS = 2
#: New objects between two collections; a batch of a thousand events makes some fifty thousand.
_COLLECT_AFTER = 50_000


def load_app() -> Flask:
    """Return the application of a worker, which from then on ends with its server."""
    _end_with_server()
    _share_arenas()
    from backend.wsgi import make_app  # noqa: PLC0415 (the server itself must stay small)

    app = make_app()
    # What is loaded now stays: a collection while a batch is built need not look at it again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER)
    return app


def _share_arenas() -> None:
    """Let threads share memory that was freed; glibc keeps some for each of them otherwise."""
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # other C libraries have none
        if mallopt is not None:
            mallopt(_M_ARENA_MAX, _ARENAS)


def stop_workers_while_they_load() -> None:
    """Let SIGTERM end a worker from its first moment on; later the WSGI server does it gracefully.

    The handlers that a worker inherits would only wake the server, and a signal that comes during
    the fork itself would be lost, so it is held back until the worker is ready for it. Ctrl-C
    reaches every process of the terminal, and is the server's to handle.
    """
    if not hasattr(os, "register_at_fork"):
        return
    os.register_at_fork(
        before=lambda: _sigterm(signal.SIG_BLOCK),
        after_in_parent=lambda: _sigterm(signal.SIG_UNBLOCK),
        after_in_child=_obey,
    )


def _sigterm(how: int) -> None:
    signal.pthread_sigmask(how, {signal.SIGTERM})


def _obey() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _sigterm(signal.SIG_UNBLOCK)


def _end_with_server() -> None:
    """End this worker when its server is killed, so that the port is free to start it again.

    What was answered is committed, so nothing is lost by ending at once.
    """
    server = multiprocessing.parent_process()
    if server is None or sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != server.pid:
        os.kill(os.getpid(), signal.SIGKILL)
