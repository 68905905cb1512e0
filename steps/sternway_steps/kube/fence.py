"""Until when requests that change something may be under way: the holder's own clock decides, before each is sent.

A lease is taken over when it was not renewed for its whole length. So a process that was suspended, or can't renew, has
to know by itself that it is late: it can't be told.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import Transient

Clock = Callable[[], float]
"""Gives seconds that only grow."""

_CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
# Parts of the lease's length. What the answer takes to travel, and the difference of two clocks' speed:
_MARGIN = 1 / 15
# With less left, a request would hardly be answered: a renewal that is under way is waited for.
_LEAST = 1 / 5
_LONGER = 3
"""How many times longer a lease is made once a request was not answered in time: admission may take half a minute."""


class LockLost(Transient):
    """The target is not held any more, or not for long enough: somebody else may be at work, so nothing is sent."""


def boottime() -> float:
    """Read the clock that also counts while the machine is suspended; where there is none, the monotonic one."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class _Lost(threading.Event):
    """Is set, at the latest, when it is asked after the time is up: a thread that was suspended asks first."""

    def __init__(self, is_late: Callable[[], bool]) -> None:
        super().__init__()
        self._is_late = is_late

    def is_set(self) -> bool:
        """Return whether it is set."""
        return super().is_set() or self._is_late()


class Fence:
    """Admits requests that change something while the target is held, and is shut by time alone. Thread-safe.

    It is shut until it is opened. `wanted` is the length that the lease is to have from its next renewal on. `lost` is
    set once it is known that the target is not held any more, though nobody gave it back.
    """

    def __init__(self, clock: Clock = boottime) -> None:
        self.clock = clock
        self.lost: threading.Event = _Lost(self._is_late)
        self._changed = threading.Condition()
        self._length = self.wanted = math.inf
        self._until = -math.inf
        self._stop = threading.Event()

    def open(self, stop: threading.Event, length: float = math.inf, since: float = 0.0) -> None:
        """Admit for `length` seconds from a reading of the clock on; `stop` is set too when the target is lost."""
        with self._changed:
            self.lost.clear()
            self._stop, self.wanted = stop, length
        self.extend(length, since)

    def extend(self, length: float, since: float) -> None:
        """Admit for a lease's whole length anew, from a reading of the clock before the renewal was sent."""
        with self._changed:
            self._until, self._length = since + length, length
            self._changed.notify_all()

    def shut(self) -> None:
        """Admit nothing any more: the target was given back."""
        with self._changed:
            self._until = -math.inf
            self._changed.notify_all()

    def lose(self) -> None:
        """Admit nothing any more, and stop the run: somebody else may hold the target."""
        self.shut()
        self.lost.set()
        self._stop.set()

    def _is_late(self) -> bool:
        late = math.isfinite(self._until) and self.clock() >= self._until
        if late:
            self.lose()
        return late

    def admit(self, what: str, *, longer: bool = False) -> float:
        """Return the seconds within which a request must have ended; waits for a renewal while one may still come.

        `longer`: the last try was not answered in time, so the lease is made longer first; `wanted` says how long.

        Raises: LockLost.
        """
        with self._changed:
            if longer and self.wanted == self._length:
                self.wanted = _LONGER * self._length
            while (left := self._until - self.clock()) > 0:
                if math.isinf(left):
                    return left
                allowed = left - _MARGIN * self._length
                if allowed >= _LEAST * self._length and (not longer or self.wanted == self._length):
                    return allowed
                self._changed.wait(min(left, 0.1))  # in short pieces, for a wait does not count a suspended machine
            ran_out = not math.isinf(left)
        if ran_out:
            self.lose()
        raise LockLost(f"{what} was not sent: the target is not held any more, so another run may be at work")

    def require(self, what: str, seconds: float) -> None:
        """Return once the target is known to be held for so many seconds more, for what no precondition can hold back.

        A lease that is shorter is made longer first, so ask for what the change itself takes, and just before it.

        Raises: LockLost.
        """
        with self._changed:
            while (left := self._until - self.clock()) > 0:
                if math.isinf(left) or left - _MARGIN * self._length >= seconds:  # a lock of files has no end
                    return
                if (1 - _MARGIN - _LEAST) * self.wanted < seconds:
                    self.wanted = seconds / (1 - _MARGIN - _LEAST)
                self._changed.wait(min(left, 0.1))
        raise LockLost(f"{what} was not begun: the target is not held any more, so another run may be at work")

    def runs_out(self) -> bool:
        """Return whether what changes something outside of the cluster has to end now: the target is all but lost."""
        left = self._until - self.clock()
        return self.lost.is_set() or (math.isfinite(left) and left <= _LEAST * self._length)


def changes(method: str, path: str, query: Mapping[str, str] | None, body: Any) -> bool:
    """Return whether a request may change something: not one that only reads, asks for our rights, or tries."""
    if method not in _CHANGING or path.endswith("/selfsubjectaccessreviews"):
        return False
    if (query or {}).get("dryRun") == "All":
        return False
    return not (isinstance(body, Mapping) and body.get("kind") == "DeleteOptions" and body.get("dryRun") == ["All"])
