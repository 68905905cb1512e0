"""The errors that the attempts in a journal tell, as they were raised. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..errors import RollbackFailed, Stopped
from ..exits import DONE, error_named
from ..journal.replay import Attempt
from ..spec import Action
from .plan import Plan, PlannedStep
from .result import as_rollback_failure


def error_of(attempt: Attempt) -> Exception | None:
    """Return the error that an attempt ended with; Stopped when it was cut off, None when it is done."""
    if not attempt.result:
        return Stopped(f"attempt {attempt.number} of step {attempt.step} was cut off")
    data = attempt.data
    message = str(data.get("error") or attempt.result)
    kind = str(data.get("kind") or "RuntimeError")
    return error_named(attempt.result, message, data.get("remedy"), data.get("details"), kind)


def first_error(plan: Plan, attempts: Iterable[Attempt]) -> Exception | None:
    """Return the error of the first step, in the plan's order, whose last attempt did not succeed."""
    return first_error_of((step.name for step in plan.steps), attempts)


def first_error_of(steps: Iterable[str], attempts: Iterable[Attempt]) -> Exception | None:
    """Return the same of steps by their names."""
    lasts = _lasts(attempts, Action.EXECUTE)
    tried = (lasts[step] for step in steps if step in lasts)
    return next((error_of(attempt) for attempt in tried if attempt.result != DONE), None)


def not_undone(plan: Plan, attempts: Sequence[Attempt]) -> dict[str, Exception]:
    """Return an error for each step that began and was not rolled back to the end, in the order of the undo."""
    begun = {a.step for a in attempts}  # a rollback is recorded also of one whose own record was lost
    done = {a.step for a in attempts if a.action is Action.ROLLBACK and a.result == DONE}
    lasts = _lasts(attempts, Action.ROLLBACK)
    left = (step for step in plan.undo_of(begun) if step.name not in done)
    return {step.name: _failure(step, lasts.get(step.name)) for step in left}


def failed_at_end(planned: PlannedStep, error: Exception) -> str:
    """Return the warning of a step with `on` that failed."""
    return f"step {planned.name} (on: {planned.on}) failed: {error}"


def warnings_of(plan: Plan, after: Sequence[Attempt]) -> tuple[str, ...]:
    """Return the warnings of the steps that ran when the run had ended."""
    lasts = _lasts(after, Action.EXECUTE)
    found = ((step, error_of(lasts[step.name])) for step in plan.on_end if step.name in lasts)
    return tuple(failed_at_end(step, error) for step, error in found if error is not None)


def _failure(step: PlannedStep, tried: Attempt | None) -> Exception:
    if tried is None:
        return RollbackFailed(f"{step.name}: its rollback never began")
    if not tried.result:
        return RollbackFailed(f"{step.name}: it was cut off")
    error = error_of(tried)
    assert error is not None  # noqa: S101  a rollback that is done is not asked for its error
    return as_rollback_failure(step, error)


def _lasts(attempts: Iterable[Attempt], action: Action) -> dict[str, Attempt]:
    """Return the last attempt of each step: by number, for the clocks of two nodes may differ."""
    mine = (attempt for attempt in attempts if attempt.action is action)
    return {attempt.step: attempt for attempt in sorted(mine, key=lambda attempt: attempt.number)}
