"""Stays beside a command, and ends all that it leaves running: what left its session or cleared its environment too.

Who loses its parent becomes a child of this process (prctl(2), PR_SET_CHILD_SUBREAPER; Linux alone knows it), so its
descendants are all that the command ever started. It outlives the process that asked for it: the undo finds it, with
them. Run as a script, by the interpreter alone: it imports nothing of ours.

Its arguments: a pipe's number, into which goes the errno of a program that can't be started; the file by which it joins
a control group, or ""; the command.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from contextlib import suppress

_PR_SET_CHILD_SUBREAPER = 36
_ASKED = 1.0
"""Seconds that what was left running has to end when it is asked to."""
_KILLED = 5.0
_LOOK = 0.02


def main(pipe: int, group: str, command: list[str]) -> int:
    """Run the command in our process group, then end what is left of it; returns its exit code."""
    os.set_inheritable(pipe, False)
    # A group that is asked to end: the command decides when, and we tell how it ended.
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    getattr(ctypes.CDLL(None), "prctl", lambda *_: 0)(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    if group:
        with suppress(OSError), open(group, "w") as file:  # noqa: PTH123  one import less
            file.write(str(os.getpid()))
    # The interpreter ignores some signals, and what is ignored would be inherited.
    names = ("SIGTERM", "SIGINT", "SIGHUP", "SIGPIPE", "SIGXFSZ")
    ours = [getattr(signal, name) for name in names if hasattr(signal, name)]
    try:
        program = os.posix_spawnp(command[0], command, os.environ, setsigdef=ours)
    except OSError as error:
        os.write(pipe, str(error.errno).encode())
        return 127
    os.close(pipe)
    code = os.waitstatus_to_exitcode(_until_ended(program))
    _end_the_rest()
    return code if code >= 0 else 128 - code


def _until_ended(program: int) -> int:
    while True:
        pid, status = os.waitpid(-1, 0)
        if pid == program:
            return status


def _end_the_rest() -> None:
    for number, seconds in ((signal.SIGTERM, _ASKED), (signal.SIGKILL, _KILLED)):
        end = time.monotonic() + seconds
        sent: set[int] = set()
        while (rest := _descendants()) and time.monotonic() < end:
            for pid in rest - sent:
                with suppress(OSError):
                    os.kill(pid, number)
            sent |= rest
            with suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            time.sleep(_LOOK)


def _descendants() -> set[int]:
    """Return all processes below this one that have not ended; none where there is no /proc."""
    parents: dict[int, int] = {}
    for name in os.listdir("/proc") if os.path.isdir("/proc/self") else ():  # noqa: PTH112, PTH208  one import less
        with suppress(OSError, ValueError), open(f"/proc/{int(name)}/stat", errors="replace") as file:  # noqa: PTH123
            state, parent = file.read().rpartition(")")[2].split()[:2]
            if state not in "ZX":
                parents[int(name)] = int(parent)
    found, grown = {os.getpid()}, True
    while grown:
        more = {pid for pid, parent in parents.items() if parent in found} - found
        found |= more
        grown = bool(more)
    return found - {os.getpid()}


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2], sys.argv[3:]))
