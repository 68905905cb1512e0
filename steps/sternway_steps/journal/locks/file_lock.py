"""The lock of a journal in files: the system drops it when its process dies, however it is suspended before."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from ...atomic import make_private
from ...errors import Refused
from ...kube.fence import Fence
from ...spec import Action
from .holder import Holder
from .lock import at_work
from .waiting import Tell, Waited

_POLL = 0.2


class FileLock:
    """Locks a file (flock), for a part of a run shared with its other parts, and a file of the part itself.

    The file says who took it, as str(Holder). Who shares it stays only where that is the same run.
    """

    def __init__(
        self,
        path: Path,
        *,
        part: str = "",
        fence: Fence | None = None,
        wait: float = 0.0,
        doing: Callable[[str], str] = lambda _: "",
    ) -> None:
        self.fence = fence or Fence()
        self._path, self._part, self._wait, self._doing = path, part, wait, doing
        self._files: list[IO[str]] = []

    @property
    def lost(self) -> threading.Event:
        """Set never: the system keeps the lock."""
        return self.fence.lost

    @property
    def name(self) -> str:
        """The file's."""
        return self._path.name

    def part(self, name: str) -> FileLock:
        """Return the lock for a part of the run."""
        return FileLock(self._path, part=name, fence=self.fence, wait=self._wait, doing=self._doing)

    def acquire(
        self,
        run: str,
        stop: threading.Event,
        step: Action | None = None,  # noqa: ARG002
        tell: Tell = lambda _: None,
    ) -> None:
        """Take the lock or say who has it; nobody gives it up, for its holder is on this machine."""
        end, waited = time.monotonic() + self._wait, Waited(tell)
        while not self._take(run):
            if stop.is_set() or time.monotonic() >= end:
                holder, since = _read(self._path)
                raise at_work(holder, since, self._doing(holder.run) if holder is not None else "")
            stop.wait(_POLL)
            holder, since = _read(self._path)
            if holder is not None:
                waited.on(holder, since, self._doing)
        waited.over()
        self.fence.open(stop)

    def release(self) -> None:
        """Return the lock back."""
        if self._files:
            self.fence.shut()
        self._close()

    def holder(self) -> Holder | None:
        """Return the process that took it: one that died holds nothing."""
        import fcntl

        if self._files:
            return _read(self._path)[0]
        with suppress(FileNotFoundError), self._path.open("r+", encoding="utf-8") as file:
            return None if _lock(file, fcntl.LOCK_EX) else _read(self._path)[0]
        return None

    def _take(self, run: str) -> bool:
        import fcntl

        with suppress(_Taken):
            if self._part:
                own = self._open(self._path.with_name(f"{self._path.stem}.{self._part}.lock"))
                self._need(_lock(own, fcntl.LOCK_EX))
            file = self._open(self._path)
            alone = _lock(file, fcntl.LOCK_EX)
            if alone:
                file.truncate(0)
                file.write(str(Holder.me(run)))
                file.flush()
            if self._part:  # between the two locks another run may come: then the file says so
                self._need(_lock(file, fcntl.LOCK_SH))
                holder, _ = _read(self._path)
                self._need(holder is not None and holder.run == run)
            else:
                self._need(alone)
            return True
        self._close()
        return False

    def _close(self) -> None:
        while self._files:
            self._files.pop().close()

    def _open(self, path: Path) -> IO[str]:
        try:
            make_private(path.parent)
            file = path.open("a+", encoding="utf-8")
        except OSError as error:
            raise Refused(
                f"the journal can't be written: {error.strerror}: {error.filename}",
                remedy="free space or rights there, or set journal.path in the configuration",
            ) from error
        self._files.append(file)
        return file

    @staticmethod
    def _need(taken: bool) -> None:
        if not taken:
            raise _Taken


class _Taken(Exception):
    """Somebody else has it."""


def _lock(file: IO[str], how: int) -> bool:
    import fcntl

    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read(path: Path) -> tuple[Holder | None, str]:
    holder = Holder.parse(path.read_text(encoding="utf-8"))
    return holder, datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat()
