"""Finds processes by what they inherit: their session, and variables that no other process has."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from ..errors import Failed

if TYPE_CHECKING:
    import psutil

GRACE = 10.0
"""Seconds between being asked to end and being killed."""


def marked(mark: Mapping[str, str], session: int | None = None) -> list[psutil.Process]:
    """Find the processes of a session, and those that carry all variables of a mark."""
    import psutil

    # Ourselves and those who called us: a command may call Sternway, and its undo then runs inside of it.
    own = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())} if mark else set()
    found = []
    for pid in psutil.pids():
        with suppress(psutil.Error):
            # The session is one cheap call, and who looks for it is in a hurry.
            if _is_of(pid, session) or (mark and pid not in own and _carries(psutil.Process(pid), mark)):
                found.append(psutil.Process(pid))
    return found


def end_marked(mark: Mapping[str, str]) -> None:
    """Ask all processes with these variables to end, and kill those that do not; raises Failed when one stays."""
    import psutil

    found = marked(mark)
    for process in found:
        with suppress(psutil.Error):
            process.terminate()
    _, alive = psutil.wait_procs(found, timeout=GRACE)
    for process in alive:
        with suppress(psutil.Error):
            process.kill()
    _, alive = psutil.wait_procs(alive, timeout=GRACE)
    if alive:
        raise Failed(f"process {alive[0].pid} can't be ended", remedy="end it, and call the undo again")


def _is_of(pid: int, session: int | None) -> bool:
    try:
        return session is not None and os.getsid(pid) == session
    except OSError:
        return False


def _carries(process: psutil.Process, mark: Mapping[str, str]) -> bool:
    import psutil

    try:
        env = process.environ()
    except (psutil.Error, OSError):
        return False  # of another user, or gone by now
    return all(env.get(name) == value for name, value in mark.items())
