"""Supervises a child process until it ends, or until it has to."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import IO

from ..errors import Stopped
from .child import Child, exit_code, has_ended, signal_group
from .marked import GRACE, marked
from .output import Output
from .reading import Reading

TICK = 0.1
"""Seconds within which a stop is noticed."""
_KILLED = 5.0
"""Seconds that the system may take to end what was killed."""

Takes = Mapping[IO[bytes], Callable[[bytes], None]]
"""Who is given what comes by which pipe."""


def supervise(
    child: Child,
    takes: Takes,
    check: Callable[[], None],
    *,
    mark: Mapping[str, str] | None = None,
    ask: Callable[[], None] | None = None,
    kill: Callable[[], None] | None = None,
) -> int:
    """Read a child's output and wait for its end; returns its exit code, 128 and more when a signal ended it.

    A child that ends takes its process group along: nothing that it left behind in there lives on. One that is stopped
    is asked first (SIGTERM) and killed after GRACE, with all of its session and all that carry its mark. Whatever else
    ends the wait kills at once.

    Args:
        child: started by `child.start`.
        takes: its pipes, and who is given what comes; called in this thread.
        check: raises Stopped when it has to end, or anything else.
        mark: variables that it and its children alone have.
        ask: asks it to end, in another way than by SIGTERM.
        kill: ends what no signal reaches, when it is still there after GRACE; the signal follows.

    Raises: what `check` raises, when the child is gone.

    """
    reading, ended = Reading(child, takes), False
    try:
        while not reading.on(TICK):
            check()
        ended = True
    except Stopped:
        (ask or (lambda: _all(child, mark, signal.SIGTERM)))()
        reading.until_end(GRACE)
        raise
    finally:
        try:
            if kill is not None and not has_ended(child):
                kill()
        finally:
            _end(child, reading, None if ended else mark or {})
    return exit_code(child)


def attend(
    child: Child,
    output: Output,
    check: Callable[[], None],
    *,
    mark: Mapping[str, str] | None = None,
    ask: Callable[[], None] | None = None,
    kill: Callable[[], None] | None = None,
) -> int:
    """Supervise a child whose standard output is told; `output` holds all of it when this returns or raises."""
    assert child.stdout is not None  # noqa: S101  start() made it a pipe
    try:
        return supervise(child, {child.stdout: output.feed}, check, mark=mark, ask=ask, kill=kill)
    finally:
        output.close()


def _end(child: Child, reading: Reading, mark: Mapping[str, str] | None) -> None:
    """Kill what is left of its group; with a mark, if empty, also of its session and what carries the mark."""
    if mark is None:
        signal_group(child, signal.SIGKILL)
    else:
        _all(child, mark, signal.SIGKILL)
    reading.until_end(_KILLED)
    reading.close(to_end=mark is not None)
    with suppress(subprocess.TimeoutExpired):
        child.wait(0)


def _all(child: Child, mark: Mapping[str, str] | None, number: signal.Signals) -> None:
    import psutil

    # Those who left the group are looked for first: they are known by the session as long as its leader is unreaped.
    others = marked(mark or {}, child.pid) if child.returncode is None else []
    for process in others:
        # A keeper ends last: while it lives, it knows what else was started.
        if process.pid != child.pid:
            with suppress(psutil.Error):
                process.send_signal(number)
    signal_group(child, number)
