"""One run at a time for each target: whoever holds the lock, and whether it still lives."""

from __future__ import annotations

import os
import secrets
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from ...errors import Refused, Transient


@dataclass(frozen=True)
class Holder:
    """Somebody in a process who works on a run; written as `RUN HOST PID TOKEN`.

    The token tells apart two threads of a process that want the same run; it may be missing.
    """

    run: str
    host: str
    pid: int
    token: str = ""

    def __str__(self) -> str:
        return f"{self.run} {self.host} {self.pid} {self.token}".rstrip()

    @staticmethod
    def me(run: str) -> Holder:
        """Return the caller."""
        return Holder(run, socket.gethostname(), os.getpid(), secrets.token_hex(4))

    @staticmethod
    def parse(text: str) -> Holder | None:
        """Read what str() wrote; None when it is something else."""
        parts = text.split(" ")
        return Holder(parts[0], parts[1], int(parts[2]), *parts[3:]) if _is_holder(parts) else None

    def is_dead(self) -> bool:
        """Return whether it surely does not run any more; of another host nothing is known."""
        if self.host != socket.gethostname():
            return False
        if self.pid == os.getpid():
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            return False
        return _is_zombie(self.pid)


class Lock(Protocol):
    """The lock of one target."""

    lost: threading.Event
    """Set when the lock could not be kept: somebody else may be at work, so no further change is made."""

    def acquire(self, run: str, stop: threading.Event) -> None:
        """Take the lock; raises Transient when a living process holds it, Stopped never."""

    def release(self) -> None:
        """Release it; no error when it is not held."""

    def holder(self) -> Holder | None:
        """Return the living process that holds it, or None."""


@contextmanager
def held(lock: Lock, run: str, stop: threading.Event) -> Iterator[None]:
    """Hold a lock for a while; raises as `acquire` does."""
    lock.acquire(run, stop)
    try:
        yield
    finally:
        lock.release()


class FileLock:
    """The lock of a journal in files; the system drops it when its process dies."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[str] | None = None
        self.lost = threading.Event()

    def acquire(self, run: str, stop: threading.Event) -> None:  # noqa: ARG002  it never waits
        """Take the lock or say who has it."""
        import fcntl

        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = self._path.open("a+", encoding="utf-8")
        except OSError as error:
            raise Refused(
                f"the journal can't be written: {error.strerror}: {error.filename}",
                remedy="free space or rights there, or set journal.path in the configuration",
            ) from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = _read(file)
            file.close()
            raise Transient(f"another run of this target is at work: {holder or 'unknown'}") from None
        file.truncate(0)
        file.write(str(Holder.me(run)))
        file.flush()
        self._file = file

    def release(self) -> None:
        """Release the lock."""
        if self._file is not None:
            self._file.truncate(0)
            self._file.close()
            self._file = None

    def holder(self) -> Holder | None:
        """Return the process that holds it: one that died holds nothing."""
        import fcntl

        if self._file is not None:
            return _read(self._file)
        with suppress(FileNotFoundError), self._path.open("r+", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return _read(file)
        return None


def _is_holder(parts: list[str]) -> bool:
    return len(parts) in (3, 4) and parts[2].isdigit()


def _read(file: IO[str]) -> Holder | None:
    file.seek(0)
    return Holder.parse(file.read())


def _is_zombie(pid: int) -> bool:
    """Return whether a process ended and was not collected by its parent yet (Linux)."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    return False
