"""The one table of endings: an error, its word in the journal, and its exit code.

The command line exits by it, the journal is written and read by it, and the templates write `retryStrategy` from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from .errors import Bug, Failed, Held, Refused, RollbackFailed, SternwayError, Stopped, Transient


class Exit(IntEnum):
    """What a process of ours says when it ends."""

    DONE = 0
    USAGE = 2
    REFUSED = 3
    FAILED = 4
    ROLLBACK_FAILED = 5
    BUG = 70
    TRANSIENT = 75
    INTERRUPTED = 130
    STOPPED = 143


MEANING: dict[Exit, str] = {
    Exit.DONE: "done",
    Exit.USAGE: "the command line or the configuration file is wrong; nothing was touched",
    Exit.REFUSED: "refused before the first change; nothing was touched",
    Exit.FAILED: "failed; what was done has been undone",
    Exit.ROLLBACK_FAILED: "something could not be put back; the report names it and the command that resumes",
    Exit.BUG: "a bug of Sternway's; what was done has been undone",
    Exit.TRANSIENT: "may work if tried again",
    Exit.INTERRUPTED: "Ctrl-C before anything had begun; nothing was touched",
    Exit.STOPPED: "stopped by a signal or the run's deadline; the attempt is sealed",
}


@dataclass(frozen=True)
class Ending:
    """One way in which an attempt ends: the journal's word for it, the error that is raised, the exit code."""

    word: str
    error: type[SternwayError]
    code: Exit


# An error is the first row of which it is an instance. RollbackFailed stands first: it is what a run ends with when
# both a step and its undo failed. The words are the journal's and never change.
ENDINGS: tuple[Ending, ...] = (
    Ending("rollbackfailed", RollbackFailed, Exit.ROLLBACK_FAILED),
    Ending("refused", Refused, Exit.REFUSED),
    Ending("transient", Transient, Exit.TRANSIENT),
    Ending("failed", Failed, Exit.FAILED),
    Ending("stopped", Stopped, Exit.STOPPED),
)
DONE = "done"
"""The journal's word for an attempt that succeeded."""
BUG = "bug"
"""Its word for an error that the contract does not know."""


def exit_of(error: BaseException | None) -> Exit:
    """Return the exit code of what a step raised; None is success, an unknown exception a bug of ours."""
    if error is None:
        return Exit.DONE
    return next((row.code for row in ENDINGS if isinstance(error, row.error)), Exit.BUG)


def word_of(error: BaseException | None) -> str:
    """Return the journal's word for an attempt that ended with `error`; None is success."""
    if error is None:
        return DONE
    return next((row.word for row in ENDINGS if isinstance(error, row.error)), BUG)


def word_of_exit(code: int) -> str:
    """Return the journal's word for a process that ended with `code`; one that is none of ours stands for Failed."""
    words = {Exit.DONE: DONE, Exit.BUG: BUG, **{row.code: row.word for row in ENDINGS}}
    return next((word for exit_code, word in words.items() if exit_code == code), "failed")


def error_named(
    word: str,
    message: str,
    remedy: str | None = None,
    details: Mapping[str, Any] | None = None,
    kind: str = "RuntimeError",
) -> Exception | None:
    """Return the error that the journal calls `word`, as it was raised; None for "done", a Bug for any other word.

    `kind` is the name of a bug's class; journals of earlier versions do not tell it.
    """
    if word == DONE:
        return None
    error_class = next((row.error for row in ENDINGS if row.word == word), None)
    if error_class is None:
        return Bug(message, kind)
    if error_class is Refused and "held_by" in (details or {}):
        error_class = Held
    error = error_class(message, remedy=remedy)
    error.details = details or {}
    return error
