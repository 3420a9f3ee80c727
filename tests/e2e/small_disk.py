"""Room for files that runs out when a test wants it to."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import psutil

_BLOCK = 64 * 1024


class Room(Protocol):
    """Where a database writes."""

    def fill(self) -> None:
        """Leave no room at all."""

    def free(self) -> None:
        """Give back what `fill` took."""


@dataclass(frozen=True, slots=True)
class SizeLimit:
    """The system's limit on the size of a file, for a process and its children."""

    pid: int
    file: Path

    def fill(self) -> None:
        """Let no file grow beyond what this one has."""
        self._limit(self.file.stat().st_size)

    def free(self) -> None:
        """Let files grow without an end."""
        self._limit(resource.RLIM_INFINITY)

    def _limit(self, size: int) -> None:
        root = psutil.Process(self.pid)
        for process in (root, *root.children(recursive=True)):
            process.rlimit(psutil.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


@dataclass(frozen=True, slots=True)
class SmallDisk:
    """A folder on a file system of its own, open to every user."""

    folder: Path

    def fill(self) -> None:
        """Leave no room at all."""
        with suppress(OSError), self._filler.open("ab", buffering=0) as filler:
            while filler.write(b"\0" * _BLOCK):
                pass

    def free(self) -> None:
        """Give back what `fill` took."""
        self._filler.unlink()

    @property
    def _filler(self) -> Path:
        return self.folder / "filler"


@contextmanager
def small_disk(mebibytes: int) -> Iterator[SmallDisk | None]:
    """Yield a disk of this size; None where this process may not mount one."""
    folder = Path(tempfile.mkdtemp(prefix="otel-bridge-disk-"))
    options = f"size={mebibytes}m,mode=0777"
    try:
        if not _succeeds("mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)):
            yield None
            return
        try:
            yield SmallDisk(folder)
        finally:
            # Lazily: a process that is about to end may still look into it.
            _succeeds("umount", "-l", str(folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _succeeds(name: str, *arguments: str) -> bool:
    program = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if program is None:
        return False
    return subprocess.run([program, *arguments], check=False, capture_output=True).returncode == 0
