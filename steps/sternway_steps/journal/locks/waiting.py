"""Who waits for a target tells whoever started it for whom, and how long it was."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from .holder import Holder


@dataclass(frozen=True)
class Waiting:
    """Somebody waits for a target that a run holds; `seconds`: how long it was, once that is over."""

    run: str
    host: str
    pid: int
    since: str
    doing: str
    seconds: float | None = None

    def __str__(self) -> str:
        if self.seconds is not None:
            return f"waited {self.seconds:.0f} s for run {self.run}"
        return f"waiting for {said_of(Holder(self.run, self.host, self.pid), self.since, self.doing)}"


Tell = Callable[[Waiting], None]


class Waited:
    """Tells once who is waited for, and at the end how long."""

    def __init__(self, tell: Tell) -> None:
        self._tell, self._began = tell, time.monotonic()
        self._first: Waiting | None = None

    def on(self, holder: Holder, since: str, doing: Callable[[str], str]) -> None:
        """Somebody is in the way."""
        if self._first is None:
            self.on_run(Waiting(holder.run, holder.host, holder.pid, since, doing(holder.run)))

    def on_run(self, first: Waiting) -> None:
        """Somebody is in the way who is known already."""
        if self._first is None:
            self._first = first
            self._tell(first)

    def over(self) -> None:
        """Nobody is any more."""
        if self._first is not None:
            self._tell(replace(self._first, seconds=round(time.monotonic() - self._began, 1)))


def said_of(holder: Holder | None, since: str, doing: str) -> str:
    """Return who holds a target, where, since when, and what it does."""
    where = f" on {holder.host}, pid {holder.pid}" if holder is not None and holder.host else ""
    who = f"run {holder.run}{where}" if holder is not None else "unknown"
    words = [who, f"since {since[:19].replace('T', ' ')} UTC" if since else "", doing]
    return ", ".join(part for part in words if part)
