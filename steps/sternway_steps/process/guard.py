"""Stays beside a program and ends its process group when the process that asked for it is gone, even by SIGKILL.

A builder that outlived a killed step would move the tag after the undo. Run as a script, by the interpreter alone:
it imports nothing of ours. Only Linux tells a process that its parent has died (prctl(2), PR_SET_PDEATHSIG).
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
_NOT_FOUND = 127


def main(parent: int, command: list[str]) -> int:
    """Run a program as a child of ours, in our group; returns its exit code."""
    # A group that is asked to end: the program decides when, and we tell how it ended.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGUSR1, lambda *_: os.killpg(0, signal.SIGKILL))
    getattr(ctypes.CDLL(None), "prctl", lambda *_: 0)(_PR_SET_PDEATHSIG, signal.SIGUSR1)
    if os.getppid() != parent:  # it died before we could ask for the news
        return 0
    # The interpreter ignores some signals, and what is ignored would be inherited.
    ours = [signal.SIGTERM, signal.SIGUSR1, signal.SIGPIPE, signal.SIGINT, getattr(signal, "SIGXFSZ", signal.SIGPIPE)]
    try:
        program = os.posix_spawnp(command[0], command, os.environ, setsigdef=ours)
    except OSError as error:
        sys.stderr.write(f"{command[0]} can't be started: {error.strerror}\n")
        return _NOT_FOUND
    _, status = os.waitpid(program, 0)
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
