"""What the signals that stop a process do to a run, or to one step of it."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

from ..saga.attempt import Abandoned

if TYPE_CHECKING:
    from ..session import Session

SEAL_AFTER = 1.0
"""Seconds after which one step that was told to stop is left, whatever request it hangs in."""


@contextmanager
def minded(session: Session, note: Callable[[str], None], *, one_step: bool) -> Iterator[None]:
    """Let the first signal stop what runs, and the second one leave at once; the attempt is sealed either way.

    A run undoes itself after the first. One step of a run does not: its undo is another process's work, and whoever
    stops a container kills it some seconds later. So it leaves by its own clock, and further signals change nothing:
    Argo sends its own twice (seen at 4.1.2), the second one while the attempt is being sealed.
    """

    def handle(number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGALRM or (session.stop.is_set() and not one_step):
            session.client.abort()
            raise Abandoned
        if session.stop.is_set():
            return
        session.stop.set()
        name = signal.Signals(number).name
        if one_step:
            signal.setitimer(signal.ITIMER_REAL, SEAL_AFTER)
            note(f"{name}: stopping")
        else:
            note(f"{name}: stopping, then undoing; once more leaves at once")

    before = {n: signal.signal(n, handle) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)}
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)
