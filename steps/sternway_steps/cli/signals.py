"""What the signals that stop a process do to a run, or to one step of it."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING

from ..errors import Abandoned
from .wakeup import signals_wake_main

if TYPE_CHECKING:
    from ..session import Session

SEAL_AFTER = 1.0
"""Seconds after which a step that was told to stop is abandoned, whatever request it waits for."""


@dataclass
class Signalled:
    """The first signal that came; 0 for none."""

    number: int = 0


@contextmanager
def stop_on_signals(
    session: Session,
    note: Callable[[str], None],
    *,
    one_step: bool,
    only_reads: bool = False,
    begun: Callable[[], bool] = lambda: True,
) -> Iterator[Signalled]:
    """Let the first signal stop what runs, and the second one leave at once; the attempt is sealed either way.

    | what runs | first signal | further signals |
    | --- | --- | --- |
    | a whole run | it stops, then undoes itself | the process leaves at once |
    | one step | it stops, and leaves after SEAL_AFTER at the latest | change nothing |
    | what only reads | SIGINT leaves at once (KeyboardInterrupt) | |

    A terminal that is closed sends SIGHUP; what was started to outlive it (nohup) ignores that, and so do we.

    A step does not undo itself: that is another process's work, and whoever stops a container kills it some seconds
    later. Argo sends its signal twice (seen at 4.1.2), the second one while the attempt is being sealed.
    Before a run has `begun`, a signal is told so: there is nothing to undo.
    """
    told = Signalled()

    def handle(number: int, _frame: FrameType | None) -> None:
        # A terminal that goes sends its signal twice: the kernel does, and the shell.
        again = session.stop.is_set() and not one_step and number != signal.SIGHUP
        if number == signal.SIGALRM or again:
            session.client.abort()
            raise Abandoned
        if session.stop.is_set():
            return
        session.stop.set()
        told.number = number
        name = signal.Signals(number).name
        if one_step:
            signal.setitimer(signal.ITIMER_REAL, SEAL_AFTER)
            note(f"{name}: stopping")
        elif not begun():
            note(f"{name}: stopping; nothing has begun")
        else:
            note(f"{name}: stopping, then undoing; once more leaves at once")

    session.handles_signals = True
    wanted = (signal.SIGTERM, signal.SIGHUP) if only_reads else (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    stops = [n for n in wanted if signal.getsignal(n) is not signal.SIG_IGN]
    before = {n: signal.signal(n, handle) for n in (*stops, signal.SIGALRM)}
    try:
        with signals_wake_main():
            yield told
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        session.handles_signals = False
        for number, handler in before.items():
            signal.signal(number, handler)
