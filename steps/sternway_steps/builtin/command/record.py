"""What the command step writes into the journal, and how its undo reads it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from ...errors import SternwayError
from ...spec import History, Recorded

_PRINTED = 100
"""Lines for its undo that are kept of a command."""
_WIDE = 4096
"""Characters of such a line."""


@dataclass(frozen=True)
class Begun:
    """A command that was about to start: by which runner, under which name, and where that looks for it.

    `place` is the host of a process, the engine of a container, the namespace of a Job.
    """

    runner: str
    name: str
    where: str
    mark: Mapping[str, str]
    """What its environment holds, by which its processes are known."""

    def to_dict(self) -> dict[str, Any]:
        """Return JSON data."""
        return {"runner": self.runner, "name": self.name, "place": self.where, "mark": dict(self.mark)}

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> Begun:
        """Read what to_dict gave."""
        return Begun(str(data["runner"]), str(data["name"]), str(data["place"]), dict(data["mark"]))


@dataclass(frozen=True)
class Ended:
    """How a command ended, surely.

    `code` is its exit code, None when we ended it, or when it never `started`; `why` says then what was in its way.
    `log` are its last lines, `details` what the runner saw besides.
    """

    code: int | None
    started: bool = True
    log: tuple[str, ...] = ()
    why: str = ""
    stopped: bool = False
    """We ended it, as we were asked to; `why` says by what."""
    details: Mapping[str, Any] = field(default_factory=dict)


class Printed:
    """What a command prints for its undo: recorded as it comes, for the command may be killed at any time.

    What can't be recorded now is once more at the end. Thread-safe.
    """

    def __init__(self, name: str, record: Callable[[Mapping[str, Any]], None]) -> None:
        self._name, self._record = name, record
        self._lock, self._open = threading.Lock(), True
        self._lines: list[str] = []

    def add(self, line: str) -> None:
        """Take a line."""
        with self._lock:
            if self._open and len(self._lines) < _PRINTED:
                self._lines.append(line[:_WIDE])
                with suppress(SternwayError):
                    self._record({"printed": list(self._lines), "by": self._name})

    def close(self) -> list[str]:
        """Take no more; return all."""
        with self._lock:
            self._open = False
            return list(self._lines)


def ended(name: str, how: Ended, printed: Sequence[str] = ()) -> dict[str, Any]:
    """Record how the command of a name ended, and what it printed for its undo."""
    data = {"ended": name, "code": how.code, "started": how.started, "log": list(how.log)}
    return {**data, "printed": list(printed), "by": name} if printed else data


def printed(recorded: Recorded) -> list[str]:
    """Return what the commands printed for their undo, oldest first."""
    last = {str(data["by"]): data["printed"] for data in recorded.evidence if "printed" in data}
    return [str(line) for lines in last.values() for line in lines]


def begun(recorded: Recorded) -> list[Begun]:
    """Return the commands that were about to start, oldest first."""
    return [Begun.from_dict(data) for data in recorded.intents if "runner" in data]


def still_open(recorded: Recorded) -> list[Begun]:
    """Return the commands of which nobody knows that they ended."""
    over = {data["ended"] for data in _ends(recorded)}
    return [each for each in begun(recorded) if each.name not in over]


def never_started(history: History) -> bool:
    """Return whether of all executions it is known that no process began: an image that could not be pulled.

    The undo may have been who saw it.
    """
    ends = [*_ends(history.execute), *_ends(history.rollback)]
    names = {data["ended"] for data in ends if data.get("started") is False}
    names -= {data["ended"] for data in ends if data.get("started") is True}  # a request of it came late
    return all(each.name in names for each in begun(history.execute))


def done_before(recorded: Recorded) -> bool:
    """Return whether one of the commands came to its good end."""
    return any(data.get("code") == 0 for data in _ends(recorded))


def _ends(recorded: Recorded) -> list[Mapping[str, Any]]:
    """Return how commands ended; older versions recorded the ends of rollbacks among their intents."""
    return [data for data in (*recorded.evidence, *recorded.intents) if "ended" in data]
