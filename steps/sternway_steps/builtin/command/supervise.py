"""Staying with a child process until it ends, or until it has to."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Callable

from ...errors import Stopped
from ...step import Context
from .invocation import GRACE
from .output import Output

_LOOK = 0.2
"""Seconds within which a stop is noticed; an Event and the end of a process can't be waited for together."""
_KILLED = 5.0
"""Seconds that the system may take to end what was killed."""
_DRAIN = 1.0
"""Seconds for output that is under way when the process has ended; who took it along is not waited for."""


def attend(
    child: subprocess.Popen[bytes], context: Context, output: Output, ask: Callable[[], None], kill: Callable[[], None]
) -> int | None:
    """Read its output and wait for its end; gives the exit code, None when it was ended because the step is stopped.

    Args:
        child: a process whose standard output is a pipe.
        context: says when to stop.
        output: takes what it writes.
        ask: asks it to end.
        kill: ends it, when it was asked and did not, or when we are told to leave at once.

    """
    over = threading.Event()
    reader = threading.Thread(target=_read, args=(child, output), name="sternway-output", daemon=True)
    waiter = threading.Thread(target=_wait, args=(child, over), name="sternway-child", daemon=True)
    reader.start()
    waiter.start()
    stopped = False
    try:
        try:
            while not over.wait(_LOOK):
                context.check()
        except Stopped:
            stopped = True
            ask()
            over.wait(GRACE)
    finally:
        kill()  # also what it left behind: a container ends with its first process, so nothing outlives it here either
        over.wait(_KILLED)
        reader.join(_DRAIN)
        output.close()
    return None if stopped else child.returncode


def _read(child: subprocess.Popen[bytes], output: Output) -> None:
    assert child.stdout is not None  # noqa: S101  the caller made it a pipe
    while chunk := os.read(child.stdout.fileno(), 65_536):
        output.feed(chunk)


def _wait(child: subprocess.Popen[bytes], over: threading.Event) -> None:
    child.wait()
    over.set()
