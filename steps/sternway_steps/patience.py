"""Trying again what may pass."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from .errors import Transient
from .plan import Backoff

T = TypeVar("T")
ROLLBACK_TRIES = 5


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
