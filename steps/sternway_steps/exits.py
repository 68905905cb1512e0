"""The one table of exit codes; the command line exits by it and the templates write `retryStrategy` from it."""

from __future__ import annotations

from enum import IntEnum

from .errors import Failed, Refused, RollbackFailed, Stopped, Transient


class Exit(IntEnum):
    """What a process of ours says when it ends."""

    DONE = 0
    USAGE = 2
    REFUSED = 3
    FAILED = 4
    ROLLBACK_FAILED = 5
    BUG = 70
    TRANSIENT = 75
    STOPPED = 143


MEANING: dict[Exit, str] = {
    Exit.DONE: "done",
    Exit.USAGE: "the command line or the configuration file is wrong; nothing was touched",
    Exit.REFUSED: "refused before the first change; nothing was touched",
    Exit.FAILED: "failed; what was done has been undone",
    Exit.ROLLBACK_FAILED: "something could not be put back; the report names it and the command that resumes",
    Exit.BUG: "a bug of Sternway's; what was done has been undone",
    Exit.TRANSIENT: "may work if tried again",
    Exit.STOPPED: "stopped by a signal or a deadline; the attempt is sealed",
}

# RollbackFailed stands first: it is what a run ends with when both a step and its undo failed.
_BY_ERROR: tuple[tuple[type[BaseException], Exit], ...] = (
    (RollbackFailed, Exit.ROLLBACK_FAILED),
    (Refused, Exit.REFUSED),
    (Transient, Exit.TRANSIENT),
    (Failed, Exit.FAILED),
    (Stopped, Exit.STOPPED),
)


def exit_of(error: BaseException | None) -> Exit:
    """Give the exit code of what a step raised; None is success, an unknown exception a bug of ours."""
    if error is None:
        return Exit.DONE
    return next((code for kind, code in _BY_ERROR if isinstance(error, kind)), Exit.BUG)
