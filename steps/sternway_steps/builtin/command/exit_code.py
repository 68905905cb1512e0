"""What the exit code of a command means for the step."""

from __future__ import annotations

from ...errors import Failed, RollbackFailed, SternwayError, Stopped, Transient
from ...exits import Exit
from ...spec import Action
from .invocation import Invocation
from .record import Ended

_SHELLS = {
    126: "it can't be run: no right to, or no program",
    127: "the program was not found",
    137: "it was killed: often for its memory",
}
"""Exit codes whose meaning POSIX shells and container engines share."""


def error_of(work: Invocation, action: Action, how: Ended, step: str) -> SternwayError | None:
    """Return the error that a command's end means; None when it succeeded."""
    if how.code == 0 and how.started:
        return None
    what = work.shown
    if how.stopped or (how.code is None and not how.why):
        return Stopped(f"{how.why or f'step {step} was stopped'}, and {what} with it", details=how.details)
    if how.code == Exit.TRANSIENT and how.started:
        said = f": {how.log[-1]}" if how.log else ""
        return Transient(f"{what} ended with exit code {Exit.TRANSIENT.value}, and may work if tried again{said}")
    text = how.why or f"{what} ended with exit code {how.code}"
    if not how.why and how.code in _SHELLS:
        text += f" ({_SHELLS[how.code]})"
    if how.log and not how.why:
        text += f": {how.log[-1]}"
    details = {"log": list(how.log), **dict(how.details)}
    kind = Failed if action is Action.EXECUTE else RollbackFailed
    return kind(text, details=details)
