"""The result of a run, as its caller gets it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..errors import RollbackFailed, SternwayError, Transient, with_kind
from ..exits import Exit
from ..journal.replay import Status
from .events import RunEnded
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
    holds: str = ""
    """The digest of what it deployed, when it failed by that and no schedule is to deploy it again."""
    unrecorded: SternwayError | None = None
    """Why the journal does not say how the run ended, when it does not."""
    name: str = ""
    """What commands call the run, NAMESPACE/RUN; "" when only the id is known."""
    warnings: tuple[str, ...] = ()
    """Which steps that ran when it had ended failed; that changes nothing of how it ended."""

    def not_recorded(self, why: SternwayError) -> Result:
        """Return the result with the error that it could not be recorded.

        It is to be tried again, unless a person has to act.
        """
        error = Transient(
            f"how the run ended ({self.status.value}) could not be recorded: {why}",
            remedy="the next run of the target completes the record",
        )
        error.__cause__ = why
        code = self.exit_code if self.exit_code is Exit.ROLLBACK_FAILED else Exit.TRANSIENT
        return replace(self, exit_code=code, unrecorded=error)

    def as_record(self) -> Mapping[str, Any]:
        """Return what the journal keeps of it; the errors' remedies and details stand with their attempts."""
        held = self.status is Status.HELD
        data: dict[str, Any] = {"status": Status.REFUSED.value if held else self.status.value}
        data |= {"exit": int(self.exit_code), **({"held": True} if held else {})}
        if self.error is not None:
            data["error"] = str(self.error)
        if self.stays:
            data["stays"] = list(self.stays)
        if self.holds:
            data["holds"] = self.holds
        return {**data, "rollback_errors": [str(error) for error in self.rollback_errors]}

    def as_event(self, seconds: float = 0.0) -> RunEnded:
        """Return the event that tells it; `seconds` is how long the run took."""
        how = (self.error, self.rollback_errors, self.stays, self.unrecorded)
        return RunEnded(self.run, self.status, int(self.exit_code), seconds, *how, self.name or self.run, self.warnings)

    def raise_for_status(self) -> Result:
        """Return the result itself when all went well; else raise what went wrong.

        Raises: RollbackFailed when something was not restored (its cause is the first failure), else that failure:
            Refused, Transient, Failed, Stopped, or whatever a step raised; Transient when all that went wrong is that
            the end could not be recorded.
        """
        if self.rollback_errors:
            raise self.rollback_errors[0] from self.error
        if self.error is not None:
            raise self.error
        if self.unrecorded is not None:
            raise self.unrecorded
        return self


def as_rollback_failure(planned: PlannedStep, error: Exception) -> Exception:
    """Return what a rollback raised as a rollback failure: whatever it was, something was not put back."""
    if isinstance(error, RollbackFailed):
        return error
    told = str(error) if isinstance(error, SternwayError) else with_kind(error)
    told = told if told.startswith(f"step {planned.name}: ") else f"{planned.name}: {told}"
    failure = RollbackFailed(told, remedy=getattr(error, "remedy", None), details=getattr(error, "details", None))
    failure.__cause__ = error
    return failure
