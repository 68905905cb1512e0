"""How long is waited before what may pass is tried again, and the trying."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from .errors import Transient

T = TypeVar("T")
ROLLBACK_TRIES = 5


@dataclass(frozen=True)
class Backoff:
    """Seconds to wait before a step is tried again: first, twice that, and so on, never over `most`."""

    first: float = 1.0
    most: float = 30.0

    def delay(self, tries: int, asked: float | None = None) -> float:
        """Give the wait after `tries` failed tries (1 or more); what the other side asked for is the least."""
        return max(asked or 0.0, min(self.most, self.first * 2.0 ** (tries - 1)))


def patiently(work: Callable[[], T], stop: threading.Event, tries: int = ROLLBACK_TRIES) -> T:
    """Do something, and again with a back-off while it raises Transient; the last one is raised."""
    backoff = Backoff()
    for number in range(1, tries):
        try:
            return work()
        except Transient as away:
            if stop.wait(backoff.delay(number, away.retry_after)):
                raise
    return work()
