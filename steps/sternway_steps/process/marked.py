"""Finds processes by what they inherit: a session, variables that no other process has, a parent, a control group."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from ..errors import Failed
from . import cgroup

if TYPE_CHECKING:
    import psutil

CHILD = "STERNWAY_CHILD"
"""A variable whose value no other program has: ids of runs may be the same in two journals."""
GRACE = 10.0
"""Seconds between being asked to end and being killed."""


def marked(mark: Mapping[str, str], session: int | None = None) -> list[psutil.Process]:
    """Find the processes of a session, those that carry all variables of a mark, and all that these have started.

    Who lost its parent, its session and its variables is known by its keeper (see `keeper`) and its control group.
    """
    import psutil

    # Ourselves and those who called us: a command may call Sternway, and its undo then runs inside of it.
    own = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())} if mark else set()
    found = cgroup.members(mark[CHILD]) if CHILD in mark else set()
    parents: dict[int, int] = {}
    for pid in psutil.pids():
        with suppress(psutil.Error):
            process = psutil.Process(pid)
            parents[pid] = process.ppid()
            # The session is one cheap call, and who looks for it is in a hurry.
            if _is_of(pid, session) or (mark and pid not in own and _carries(process, mark)):
                found.add(pid)
    found -= own
    while more := {pid for pid, parent in parents.items() if parent in found} - found - own:
        found |= more
    return [living for pid in found if (living := _living(pid)) is not None]


def end_marked(mark: Mapping[str, str]) -> None:
    """Ask all processes with these variables to end, and kill those that do not; raises Failed when one stays."""
    import psutil

    found = marked(mark)
    for process in found:
        with suppress(psutil.Error):
            process.terminate()
    psutil.wait_procs(found, timeout=GRACE)
    end = time.monotonic() + GRACE
    while alive := marked(mark):  # those too that were started meanwhile
        if time.monotonic() > end:
            raise Failed(f"process {alive[0].pid} can't be ended", remedy="end it, and call the undo again")
        for process in alive:
            with suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(alive, timeout=GRACE)
    if CHILD in mark:
        cgroup.remove(mark[CHILD])


def _living(pid: int) -> psutil.Process | None:
    import psutil

    with suppress(psutil.Error):
        process = psutil.Process(pid)
        return process if process.status() != psutil.STATUS_ZOMBIE else None
    return None


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
