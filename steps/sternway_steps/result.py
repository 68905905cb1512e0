"""How a run ended, as its caller is told."""

from __future__ import annotations

from dataclasses import dataclass

from .errors import RollbackFailed, SternwayError, Stopped
from .exits import Exit
from .journal.replay import Status
from .plan import PlannedStep


@dataclass(frozen=True)
class Result:
    """How a run ended. `error` is the first failure; it stays the first whatever the undo met."""

    run: str
    status: Status
    exit_code: Exit
    error: Exception | None = None
    rollback_errors: tuple[Exception, ...] = ()
    stays: tuple[str, ...] = ()
    """The steps that began and whose effects can't be undone, when the run is."""

    def raise_for_status(self) -> Result:
        """Give itself when all went well; else raise what went wrong.

        Raises: RollbackFailed when something was not put back (its cause is the first failure), else that failure:
            Refused, Transient, Failed, Stopped, or whatever a step raised.
        """
        if self.rollback_errors:
            raise self.rollback_errors[0] from self.error
        if self.error is not None:
            raise self.error
        return self


def as_rollback_failure(planned: PlannedStep, error: Exception) -> Exception:
    """Give what a rollback raised as a rollback failure: whatever it was, something was not put back."""
    if isinstance(error, RollbackFailed | Stopped):
        return error
    kind = "" if isinstance(error, SternwayError) else f"{type(error).__name__}: "
    details = getattr(error, "details", None)
    failure = RollbackFailed(f"{planned.name}: {kind}{error}", remedy=getattr(error, "remedy", None), details=details)
    failure.__cause__ = error
    return failure
