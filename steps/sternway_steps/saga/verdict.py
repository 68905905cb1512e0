"""How a run has ended: the one decision, read by every runner and by whoever follows one. Pure.

| what is known                                        | status          | exit code |
| ---------------------------------------------------- | --------------- | --------- |
| every step is done, and nobody began to undo         | succeeded       | 0         |
| something could not be put back                      | rollback-failed | 5         |
| refused, or transient to the last, before any change | refused         | 3, 75     |
| the same, because the target holds what it deploys   | held            | 3         |
| the same after a change                              | undone          | 4         |
| any other first error                                | undone          | its own   |
| no error: the undo was asked for                     | undone          | 0         |
| the lock was lost, or the process was told to leave  | interrupted     | 75, 143   |
| its Workflow ended before the undo did               | interrupted     | 5         |
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ..errors import Held, RollbackFailed, Stopped, Transient
from ..exits import Exit, exit_of, word_of_exit
from ..journal.replay import Attempt, Status, Story
from ..release.remedy import NEEDS, finish
from ..spec import Action, Effects
from .attempt_errors import first_error, not_undone, warnings_of
from .plan import Plan
from .result import Result

_REFUSED, _TRANSIENT = word_of_exit(Exit.REFUSED), word_of_exit(Exit.TRANSIENT)
FAILED_PHASES = ("Failed", "Error")
"""How Argo calls a way forward that is to be undone."""
_STATUS = {
    Exit.DONE: Status.SUCCEEDED,
    Exit.REFUSED: Status.REFUSED,
    Exit.TRANSIENT: Status.REFUSED,
    Exit.ROLLBACK_FAILED: Status.ROLLBACK_FAILED,
}
"""What the exit code of a run says of it; every other one stands for an undo that went well."""


def decide(
    run: str, plan: Plan, attempts: Sequence[Attempt], error: Exception | None, failures: Sequence[Exception]
) -> Result:
    """Decide how a run ended that went back.

    Args:
        run: its id.
        plan: its steps.
        attempts: all that its journal tells.
        error: the first one of the way forward; None when the undo was asked for.
        failures: what the way back could not put back, an error for each step.

    """
    stays = staying(plan, attempts)
    if failures:
        return Result(run, Status.ROLLBACK_FAILED, Exit.ROLLBACK_FAILED, error, tuple(failures), stays)
    code = exit_of(error)
    if code in (Exit.REFUSED, Exit.TRANSIENT):
        if not stays and not any(a.intended for a in attempts if a.action is Action.EXECUTE):
            return Result(run, Status.HELD if isinstance(error, Held) else Status.REFUSED, code, error)
        code = Exit.FAILED
    return Result(run, Status.UNDONE, code, error, (), stays)


def succeeded(run: str) -> Result:
    """Return the end of a run whose steps are all done."""
    return Result(run, Status.SUCCEEDED, Exit.DONE)


def staying(plan: Plan, attempts: Iterable[Attempt]) -> tuple[str, ...]:
    """Name the irreversible steps that may have changed something.

    One that has nothing to undo need not record an intent, so of all that began only those did not that were refused,
    or met what was in their way before an intent.
    """
    forward = [attempt for attempt in attempts if attempt.action is Action.EXECUTE]
    changed = {a.step for a in forward if a.result != _REFUSED and (a.intended or a.result != _TRANSIENT)}
    return tuple(s.name for s in plan.steps if s.name in changed and s.spec.effects is Effects.IRREVERSIBLE)


def by_journal(
    plan: Plan,
    story: Story,
    phase: str,
    known: Exception | None = None,
    killed: Mapping[str, Exception] = {},
    lost: Sequence[Exception] = (),
) -> Result:
    """Decide how a run ended whose steps were called one by one; `phase` is how their caller saw the way forward end.

    A caller that saw it fail wants it undone even if every step is done: a Workflow may fail after its last step.
    What it knows of a step that could record nothing, or only that it was stopped, is `known`; of a rollback that was
    cut off, `killed`; of steps that ran and left no record, `lost`.
    """
    if phase not in FAILED_PHASES and story.succeeded(step.name for step in plan.steps):
        return succeeded(story.run)
    error = first_error(plan, story.attempts)
    if error is None or isinstance(error, Stopped):
        error = known or error or Stopped(_without_error(plan, story, phase or "unknown"))
    cut = {a.step for a in story.attempts if a.action is Action.ROLLBACK and not a.result}
    failures = (killed[s] if s in killed and s in cut else e for s, e in not_undone(plan, story.attempts).items())
    return decide(story.run, plan, story.attempts, error, (*failures, *lost))


def may_be_undone_yet(plan: Plan, attempts: Sequence[Attempt]) -> tuple[str, ...]:
    """Name the steps whose rollback never began, was cut off, or met what may pass: another one may succeed."""
    back = sorted((a for a in attempts if a.action is Action.ROLLBACK), key=lambda a: a.number)
    lasts = {a.step: a.result for a in back}
    passing = (None, "", _TRANSIENT, word_of_exit(Exit.STOPPED))
    return tuple(step for step in not_undone(plan, attempts) if lasts.get(step) in passing)


def as_recorded(plan: Plan, story: Story) -> Result:
    """Return the end that a run's record tells, with its errors as the attempts tell them in full."""
    error = (first_error(plan, story.attempts) or Stopped(story.error)) if story.error else None
    texts = tuple(RollbackFailed(text) for text in story.rollback_errors)
    failures = tuple(not_undone(plan, story.attempts).values()) or texts if texts else ()
    warnings = warnings_of(plan, story.after)
    return Result(story.run, story.status, Exit(story.exit_code), error, failures, story.stays, warnings=warnings)


def by_exit_code(run: str, plan: Plan, attempts: Sequence[Attempt], code: int, how: str) -> Result:
    """Return the end of a run of which only the exit code is known; `how` says it where no attempt does."""
    exit_code = Exit(code) if code in set(Exit) else Exit.FAILED
    status = _STATUS.get(exit_code, Status.UNDONE)
    error = None if exit_code is Exit.DONE else first_error(plan, attempts) or Stopped(how)
    status = Status.HELD if status is Status.REFUSED and isinstance(error, Held) else status
    failures = tuple(not_undone(plan, attempts).values()) if status is Status.ROLLBACK_FAILED else ()
    stays = staying(plan, attempts) if status in (Status.UNDONE, Status.ROLLBACK_FAILED) else ()
    return Result(run, status, exit_code, error, failures, stays)


def cut_off(run: str, plan: Plan, attempts: Sequence[Attempt], how: str, name: str) -> Result:
    """Decide how a run ended whose caller is gone before it had ended it; `how` says what became of that.

    `name` is what commands call it.
    """
    left = not_undone(plan, attempts)
    if not left:
        return decide(run, plan, attempts, Stopped(f"{how}; nothing is left that could be undone"), ())
    needs = sorted({need for error in left.values() for need in getattr(error, "details", {}).get(NEEDS) or [""]})
    command = finish(name, left.values()).command
    failure = RollbackFailed(f"not undone: {', '.join(left)}", remedy=command, details={NEEDS: needs})
    return Result(run, Status.INTERRUPTED, Exit.ROLLBACK_FAILED, Stopped(how), (failure,), staying(plan, attempts))


def lock_lost(result: Result, target: str, name: str) -> Result:
    """Return the end of a run whose lock was lost on the way: another may be at work, so this one does not end it."""
    if result.status is Status.INTERRUPTED:
        return result
    error = Transient(
        f"the lock of {target} was lost, so another run may be at work, and this one left",
        remedy=f"the next run of the target finishes it, and so does: sternway rollback {name}",
    )
    first = error if result.error is None or isinstance(result.error, Stopped) else result.error
    more = (error,) if first is not error else ()
    return Result(result.run, Status.INTERRUPTED, Exit.TRANSIENT, first, more)


def abandoned(run: str) -> Result:
    """Return the end of a run whose process was told to leave at once."""
    return Result(run, Status.INTERRUPTED, Exit.STOPPED, Stopped("left before the undo ended"))


def _without_error(plan: Plan, story: Story, phase: str) -> str:
    if lost := story.begun() - story.executed() - story.undone():
        return f"the journal has lost what it held of {', '.join(sorted(lost))} (workflow: {phase})"
    missing = next((step.name for step in plan.steps if story.last(step.name) is None), None)
    if missing is None:
        return f"every step succeeded, but the run was ended (workflow: {phase})"
    return f"the run ended before step {missing} began (workflow: {phase})"
